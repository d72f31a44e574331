// Part of npm run test:compat: Jupyter's own clients, as package indexes have them, against a gateway and a worker.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/host/free-port.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { eventually } from '../support/eventually.ts'
import { startInstallation } from '../support/installation.ts'

const PYTHON_PACKAGES = ['jupyter-server==2.21.1', 'jupyter-client==8.6.3', 'nbclient==0.11.0', 'jupyter-kernel-client==1.0.2'] // prettier-ignore
const NODE_PACKAGES = ['@jupyterlab/services@7.6.6']
const UNLIMITED = { RATE_PER_MINUTE: '1000000', RATE_BURST: '100000', READ_RATE_PER_MINUTE: '1000000', READ_RATE_BURST: '100000' } // prettier-ignore

const here = join(packageRoot(), 'tests/compat')
const folder = mkdtempSync(join(tmpdir(), 'runyard-compat-jupyter-'))
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', JUPYTER_CONFIG_DIR: folder, JUPYTER_DATA_DIR: folder, JUPYTER_RUNTIME_DIR: folder } // prettier-ignore
let failed = 0

/** Runs a command that has to succeed, and shows what it writes. */
function hold(title: string, [command = '', ...args]: string[]): void {
  console.log(`> ${title}`)
  const { status, error } = spawnSync(command, args, { cwd: folder, env, stdio: 'inherit' })
  if (status === 0) return
  failed += 1
  console.log(`failed: ${title}: ${error?.message ?? `exit code ${status}`}`)
}

const installation = await startInstallation({ name: 'compat-jupyter', workers: 1, gateways: 1, env: UNLIMITED })
try {
  const [url = ''] = installation.urls
  const python = join(folder, 'venv/bin/python')
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  hold('a virtual environment', ['python3', '-m', 'venv', join(folder, 'venv')])
  hold(PYTHON_PACKAGES.join(', '), [python, '-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES])
  hold(NODE_PACKAGES.join(', '), ['npm', 'install', '--silent', '--no-fund', '--no-audit', ...NODE_PACKAGES])
  hold('clients in Python', [python, join(here, 'jupyter.py'), url])
  hold('@jupyterlab/services', [process.execPath, join(here, 'jupyter.mjs'), `${url}/jupyter`, folder])

  // A Jupyter Server that has its kernels here, as JupyterLab is started with --gateway-url. It forwards the default framing.
  const port = await freePort('127.0.0.1', 0)
  const options = [`--gateway-url=${url}/jupyter`, `--ServerApp.port=${port}`, '--ServerApp.port_retries=0', '--IdentityProvider.token=local', '--allow-root'] // prettier-ignore
  const server = spawn(python, ['-m', 'jupyter_server', ...options], { cwd: folder, env, stdio: 'ignore' })
  try {
    const own = `http://127.0.0.1:${port}`
    await eventually('a Jupyter Server answers', () => fetch(`${own}/api`).then(({ ok }) => ok, () => false)) // prettier-ignore
    hold('@jupyterlab/services through a Jupyter Server', [process.execPath, join(here, 'jupyter.mjs'), own, folder, 'local']) // prettier-ignore
  } finally {
    server.kill('SIGKILL')
  }
} finally {
  failed += await installation.close()
  rmSync(folder, { recursive: true })
}
console.log(failed === 0 ? 'all clients of Jupyter work' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
