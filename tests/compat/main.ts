// npm run test:compat [-- e2b|others]: other systems' own clients, as package indexes have them, against a gateway and a worker.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'
import { startInstallation } from '../support/installation.ts'
import { E2B_DOMAIN, E2B_NODE_PACKAGES, E2B_PYTHON_PACKAGES, e2bPrograms, e2bWays } from './e2b-main.ts'
import { startTlsFront } from './tls-front.ts'

const PYTHON_PACKAGES = ['judge0==0.0.8', 'sandbox-fusion==0.3.7', 'aiopyston==1.2.1', 'setuptools==80.9.0']
const NODE_PACKAGES = ['piston-client@1.0.2', 'piston-api-client@2.0.1']
const UNLIMITED = { RATE_PER_MINUTE: '1000000', RATE_BURST: '100000', READ_RATE_PER_MINUTE: '1000000', READ_RATE_BURST: '100000' } // prettier-ignore

const here = join(packageRoot(), 'tests/compat')
const folder = mkdtempSync(join(tmpdir(), 'runyard-compat-'))
const only = process.argv[2]
let failed = 0

/** Runs a command that has to succeed, and shows what it writes. */
async function hold(title: string, [command = '', ...args]: string[], env: Record<string, string> = {}): Promise<void> {
  console.log(`> ${title}`)
  // Not waited for in place: what stands before the gateway runs in this process.
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', ...env },
    stdio: 'inherit',
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status === 0) return
  failed += 1
  console.log(`failed: ${title}: exit code ${status}`)
}

const front = await startTlsFront(folder, E2B_DOMAIN)
const env = { ...UNLIMITED, E2B_SANDBOX_DOMAIN: `${E2B_DOMAIN}:${front.port}` }
const installation = await startInstallation({ name: 'compat', workers: 1, gateways: 1, env })
try {
  const [url = ''] = installation.urls
  const python = join(folder, 'venv/bin/python')
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  await hold('a virtual environment', ['python3', '-m', 'venv', join(folder, 'venv')])
  const install = async (ofPython: string[], ofNode: string[]) => {
    await hold(ofPython.join(', '), [python, '-m', 'pip', 'install', '--quiet', ...ofPython])
    await hold(ofNode.join(', '), ['npm', 'install', '--silent', '--no-fund', '--no-audit', ...ofNode])
  }
  if (only !== 'e2b') {
    await install(PYTHON_PACKAGES, NODE_PACKAGES)
    await hold('clients in Python', [python, join(here, 'clients.py'), url])
    await hold('clients in Node', [process.execPath, join(here, 'clients.mjs'), url, folder])
  }
  if (only !== 'others') {
    await install(E2B_PYTHON_PACKAGES, E2B_NODE_PACKAGES)
    front.forwardTo(url)
    for (const [way, variables] of e2bWays(url, front)) {
      for (const [title, command] of e2bPrograms(here, folder, python))
        await hold(`${title}, by ${way}`, command, variables)
    }
  }
} finally {
  front.close()
  failed += await installation.close()
  rmSync(folder, { recursive: true })
}
console.log(failed === 0 ? 'all clients work' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
