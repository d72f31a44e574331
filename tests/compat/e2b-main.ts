import { join } from 'node:path'
import type { TlsFront } from './tls-front.ts'

export const E2B_PYTHON_PACKAGES = ['e2b-code-interpreter==2.11.5', 'e2b==2.63.0']
export const E2B_NODE_PACKAGES = ['@e2b/code-interpreter@2.8.0', 'e2b@2.51.0']
/** A domain that every system takes for this machine. */
export const E2B_DOMAIN = 'sandboxes.localhost'

/** The ways in which a client finds a sandbox here, each as environment variables of its program. */
export function e2bWays(
  url: string,
  { port, caFile, proxyUrl }: TlsFront,
): [way: string, env: Record<string, string>][] {
  const key = { E2B_API_KEY: 'e2b_0000' }
  const trust = { NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: caFile, RUNYARD_PROXY: proxyUrl }
  const domain = `${E2B_DOMAIN}:${port}`
  return [
    ['an address with a path', { ...key, E2B_API_URL: `${url}/e2b`, E2B_SANDBOX_URL: `${url}/e2b` }],
    [
      'one host name, with TLS',
      { ...key, ...trust, E2B_API_URL: `https://${domain}`, E2B_SANDBOX_URL: `https://${domain}` },
    ],
    ['wildcard names, with TLS', { ...key, ...trust, E2B_DOMAIN: domain }],
  ]
}

/** The commands that run the clients. */
export const e2bPrograms = (here: string, folder: string, python: string): [string, string[]][] => [
  ['E2B in Node', [process.execPath, join(here, 'e2b-clients.mjs'), folder]],
  ['E2B in Python', [python, join(here, 'e2b_clients.py')]],
]
