import { join } from 'node:path'
import { createApiKeys } from '../../../src/shared/access/api-keys.ts'
import { PYTHON_PACKAGES as E2B_PACKAGES } from './e2b.ts'
import type { Trial } from './trial.ts'

export const PYTHON_PACKAGES = ['smolagents==1.26.0', 'aiohttp==3.14.5', 'websockets==17.4']

/** What frameworks and chats for models run their code with, by a key. */
export async function agents({ install, withInstallation, hold, python, clients }: Trial): Promise<void> {
  await install([...E2B_PACKAGES, ...PYTHON_PACKAGES], [])
  await withInstallation({ AUTH: 'required' }, async ({ connection, keys }, url) => {
    const { secretKey } = await createApiKeys(connection, keys).create({
      name: 'agents',
      tenant: 'agents',
      scopes: ['sessions'],
    })
    const address = `${url}/e2b`
    const env = { E2B_API_URL: address, E2B_SANDBOX_URL: address, E2B_API_KEY: secretKey }
    await hold("smolagents' executor for E2B", [python, join(clients, 'agents.py')], env)
    await hold('what Open WebUI asks of Jupyter', [python, join(clients, 'open_webui.py'), `${url}/jupyter`, secretKey])
  })
}
