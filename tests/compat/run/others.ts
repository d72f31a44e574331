import { join } from 'node:path'
import type { Trial } from './trial.ts'

export const PYTHON_PACKAGES = [
  'judge0==0.0.8',
  'sandbox-fusion==0.3.7',
  'aiopyston==1.2.1',
  'ultra-piston==1.0.1',
  'setuptools==80.9.0',
]
export const NODE_PACKAGES = ['piston-client@1.0.2', 'piston-api-client@2.0.1']

/** Judge0, Piston and SandboxFusion. */
export async function others({ install, withInstallation, hold, python, clients, folder }: Trial): Promise<void> {
  await install(PYTHON_PACKAGES, NODE_PACKAGES)
  await withInstallation({}, async (_installation, url) => {
    await hold('clients in Python', [python, join(clients, 'others.py'), url])
    await hold('clients in Node', [process.execPath, join(clients, 'others.mjs'), url, folder])
  })
}
