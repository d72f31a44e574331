// npm run test:mcp: the official clients of the Model Context Protocol, as package indexes have them, against two gateways in turn.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { startInstallation } from '../support/installation.ts'

const PYTHON_PACKAGES = ['mcp==2.3.0']
const NODE_PACKAGES = ['@modelcontextprotocol/sdk@1.32.2', '@modelcontextprotocol/client@2.4.0']
/** The inspector needs a newer Node than Runyard does, which npm has as a package. */
const INSPECTOR_PACKAGES = ['@modelcontextprotocol/inspector@2.12.0', 'node@22.23.3']

const here = join(packageRoot(), 'tests/mcp')
const folder = mkdtempSync(join(tmpdir(), 'runyard-mcp-'))
let failed = 0

/** Runs a command that has to succeed, and shows what it writes. @returns whether it did */
async function hold(title: string, [command = '', ...args]: string[]): Promise<boolean> {
  console.log(`> ${title}`)
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', HOME: folder },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  if (code === 0) return true
  failed += 1
  console.log(`failed: ${title}: exit code ${code}`)
  return false
}

/** Passes requests on to each of the gateways in turn, as a load balancer does. */
async function balance(urls: readonly string[]): Promise<{ url: string; taken: () => number[]; close: () => void }> {
  const taken = urls.map(() => 0)
  let turn = 0
  const server: Server = createServer((req, res) => {
    const index = turn++ % urls.length
    taken[index] = (taken[index] ?? 0) + 1
    const onward = request(`${urls[index]}${req.url}`, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, taken: () => taken, close: () => void server.close() }
}

const installation = await startInstallation({ name: 'mcp', workers: 1, gateways: 2, env: { AUTH: 'required' } })
const balancer = await balance(installation.urls)
try {
  const apiKeys = createApiKeys(installation.connection, installation.keys)
  const { secretKey } = await apiKeys.create({ name: 'clients', tenant: 'models', scopes: ['jobs', 'sessions'] })
  const python = join(folder, 'venv/bin/python')
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  const cli = join(packageRoot(), 'dist/cli/main.js')
  const args = [balancer.url, secretKey, process.execPath, cli]
  await hold(NODE_PACKAGES.join(', '), ['npm', 'install', '--silent', '--no-fund', '--no-audit', ...NODE_PACKAGES])
  await hold('clients in Node', [process.execPath, join(here, 'clients.mjs'), folder, ...args])
  await hold('a virtual environment', ['python3', '-m', 'venv', join(folder, 'venv')])
  await hold(PYTHON_PACKAGES.join(', '), [python, '-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES])
  await hold('clients in Python', [python, join(here, 'clients.py'), ...args])
  await hold(INSPECTOR_PACKAGES.join(', '), [
    'npm',
    'install',
    '--silent',
    '--no-fund',
    '--no-audit',
    ...INSPECTOR_PACKAGES,
  ])
  await hold('the inspector', [process.execPath, join(here, 'inspector.mjs'), folder, ...args])
  const taken = balancer.taken()
  console.log(`requests of each gateway: ${taken.join(', ')}`)
  if (Math.min(...taken) === 0) failed += 1
} finally {
  balancer.close()
  failed += await installation.close()
  rmSync(folder, { recursive: true })
}
console.log(failed === 0 ? 'all clients work' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
