// npm run test:compat: other systems' own clients, as package indexes have them, against a gateway and a worker.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'
import { startInstallation } from '../support/installation.ts'

const PYTHON_PACKAGES = ['judge0==0.0.8', 'sandbox-fusion==0.3.7', 'aiopyston==1.2.1', 'setuptools==80.9.0']
const NODE_PACKAGES = ['piston-client@1.0.2', 'piston-api-client@2.0.1']
const UNLIMITED = { RATE_PER_MINUTE: '1000000', RATE_BURST: '100000', READ_RATE_PER_MINUTE: '1000000', READ_RATE_BURST: '100000' } // prettier-ignore

const here = join(packageRoot(), 'tests/compat')
const folder = mkdtempSync(join(tmpdir(), 'runyard-compat-'))
let failed = 0

/** Runs a command that has to succeed, and shows what it writes. */
function hold(title: string, [command = '', ...args]: string[]): void {
  console.log(`> ${title}`)
  const { status, error } = spawnSync(command, args, {
    cwd: folder,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    stdio: 'inherit',
  })
  if (status === 0) return
  failed += 1
  console.log(`failed: ${title}: ${error?.message ?? `exit code ${status}`}`)
}

const installation = await startInstallation({ name: 'compat', workers: 1, gateways: 1, env: UNLIMITED })
try {
  const [url = ''] = installation.urls
  const python = join(folder, 'venv/bin/python')
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  hold('a virtual environment', ['python3', '-m', 'venv', join(folder, 'venv')])
  hold(PYTHON_PACKAGES.join(', '), [python, '-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES])
  hold(NODE_PACKAGES.join(', '), ['npm', 'install', '--silent', '--no-fund', '--no-audit', ...NODE_PACKAGES])
  hold('clients in Python', [python, join(here, 'clients.py'), url])
  hold('clients in Node', [process.execPath, join(here, 'clients.mjs'), url, folder])
} finally {
  failed += await installation.close()
  rmSync(folder, { recursive: true })
}
console.log(failed === 0 ? 'all clients work' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
