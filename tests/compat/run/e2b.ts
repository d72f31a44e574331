import { join } from 'node:path'
import { startTlsFront, type TlsFront } from './tls-front.ts'
import type { Trial } from './trial.ts'

export const PYTHON_PACKAGES = ['e2b-code-interpreter==2.11.5', 'e2b==2.63.0']
export const NODE_PACKAGES = ['@e2b/code-interpreter@2.8.0', 'e2b@2.51.0']
/** A domain that every system takes for this machine. */
const DOMAIN = 'sandboxes.localhost'

/** E2B's packages, by each way in which they find a sandbox. */
export async function e2b({ install, withInstallation, hold, python, clients, folder }: Trial): Promise<void> {
  await install(PYTHON_PACKAGES, NODE_PACKAGES)
  const front = await startTlsFront(folder, DOMAIN)
  try {
    await withInstallation({ E2B_SANDBOX_DOMAIN: `${DOMAIN}:${front.port}` }, async (_installation, url) => {
      front.forwardTo(url)
      for (const [way, env] of ways(url, front)) {
        await hold(`E2B in Node, by ${way}`, [process.execPath, join(clients, 'e2b.mjs'), folder], env)
        await hold(`E2B in Python, by ${way}`, [python, join(clients, 'e2b_clients.py')], env)
      }
    })
  } finally {
    front.close()
  }
}

/** The ways in which a client finds a sandbox here, each as environment variables of its program. */
function ways(url: string, { port, caFile, proxyUrl }: TlsFront): [way: string, env: Record<string, string>][] {
  const key = { E2B_API_KEY: 'e2b_0000' }
  const trust = { NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: caFile, RUNYARD_PROXY: proxyUrl }
  const domain = `${DOMAIN}:${port}`
  return [
    ['an address with a path', { ...key, E2B_API_URL: `${url}/e2b`, E2B_SANDBOX_URL: `${url}/e2b` }],
    [
      'one host name, with TLS',
      { ...key, ...trust, E2B_API_URL: `https://${domain}`, E2B_SANDBOX_URL: `https://${domain}` },
    ],
    ['wildcard names, with TLS', { ...key, ...trust, E2B_DOMAIN: domain }],
  ]
}
