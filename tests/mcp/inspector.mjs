// The command line of the official inspector, in both revisions, against the service named in argv.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder = '', base = '', key = '', node = '', cli = ''] = process.argv.slice(2)
const newerNode = join(folder, 'node_modules/.bin/node')
const inspector = join(folder, 'node_modules/.bin/mcp-inspector')

const config = join(folder, 'inspector.json')
const http = { type: 'streamable-http', url: `${base}/mcp`, headers: { Authorization: `Bearer ${key}` } }
const stdio = { type: 'stdio', command: node, args: [cli, 'mcp', '--url', base], env: { RUNYARD_KEY: key } }
const mcpServers = {
  today: { ...http, protocolEra: 'modern' },
  before: { ...http, protocolEra: 'legacy' },
  stdio,
}
writeFileSync(config, JSON.stringify({ mcpServers }))

function inspect(server, ...args) {
  const all = [inspector, '--cli', '--config', config, '--server', server, ...args]
  const { status, stdout, stderr } = spawnSync(newerNode, all, { cwd: folder, encoding: 'utf8', timeout: 120_000 })
  return { status, stdout, stderr }
}

for (const server of Object.keys(mcpServers)) {
  const listed = inspect(server, '--method', 'tools/list', '--strict')
  assert.equal(listed.status, 0, JSON.stringify(listed))
  assert.match(listed.stdout, /run_in_session/)
  const args = JSON.stringify({ language: 'python', code: 'print(6 * 7)' })
  const ran = inspect(server, '--method', 'tools/call', '--tool-name', 'run_code', '--tool-args-json', args)
  assert.equal(ran.status, 0, JSON.stringify(ran))
  assert.match(ran.stdout, /stdout:\\n42/)
  const failing = JSON.stringify({ language: 'python', code: 'raise SystemExit(1)' })
  const failed = inspect(server, '--method', 'tools/call', '--tool-name', 'run_code', '--tool-args-json', failing)
  assert.equal(failed.status, 5, JSON.stringify(failed))
  console.log(`@modelcontextprotocol/inspector, ${server}: works`)
}
const refused = spawnSync(
  newerNode,
  [
    inspector,
    '--cli',
    `${base}/mcp`,
    '--transport',
    'http',
    '--header',
    'Authorization: Bearer ry_wrong',
    '--method',
    'tools/list',
  ],
  { cwd: folder, encoding: 'utf8', timeout: 120_000 },
)
assert.equal(refused.status, 3, JSON.stringify(refused))
console.log('@modelcontextprotocol/inspector: a wrong key is exit 3')
