// What programs do with the official clients from npm, of the first and the second generation, against the service named in argv.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder = '', base = '', key = '', node = '', cli = ''] = process.argv.slice(2)
const require = createRequire(join(folder, 'clients.cjs'))
const load = (name) => import(require.resolve(name))

const first = {
  ...(await load('@modelcontextprotocol/sdk/client/index.js')),
  ...(await load('@modelcontextprotocol/sdk/client/streamableHttp.js')),
  ...(await load('@modelcontextprotocol/sdk/client/stdio.js')),
}
const second = {
  ...(await load('@modelcontextprotocol/client')),
  ...(await load('@modelcontextprotocol/client/stdio')),
}
const info = { name: 'test', version: '1' }
const overHttp = ({ StreamableHTTPClientTransport }) =>
  new StreamableHTTPClientTransport(new URL('/mcp', base), {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
  })
const overStdio = ({ StdioClientTransport }) =>
  new StdioClientTransport({
    command: node,
    args: [cli, 'mcp', '--url', base],
    env: { ...process.env, RUNYARD_KEY: key },
  })

/** The whole round that a model goes, with a client that is connected. */
async function round(title, client) {
  // The first generation takes a schema of the result as its second argument, the second none.
  const isFirst = client instanceof first.Client
  const call = (name, args = {}, options = {}) => {
    const params = { name, arguments: args }
    return isFirst ? client.callTool(params, undefined, options) : client.callTool(params, options)
  }
  const text = ({ content }) => content.map((one) => one.text ?? '').join('\n')

  const { tools } = await client.listTools()
  assert.ok(
    tools.some(({ name }) => name === 'run_code'),
    'run_code is listed',
  )

  const steps = []
  const code = 'import time\nfor i in range(3):\n    print("step", i, flush=True)\n    time.sleep(0.4)'
  const ran = await call('run_code', { language: 'python', code }, { onprogress: (one) => steps.push(one) })
  assert.equal(ran.structuredContent.status, 'succeeded', text(ran))
  assert.ok(
    steps.some(({ message }) => message.startsWith('step')),
    JSON.stringify(steps),
  )

  const failed = await call('run_code', { language: 'python', code: 'raise SystemExit(3)' })
  assert.equal(failed.isError, true)
  assert.match(text(failed), /^exit 3/)
  const wrong = await call('run_code', { language: 'python' })
  assert.match(text(wrong), /code: is missing/)

  const { structuredContent: session } = await call('create_session', { language: 'python' })
  const { session_id } = session
  await call('run_in_session', { session_id, code: 'x = 40' })
  assert.match(text(await call('run_in_session', { session_id, code: 'x + 2' })), /result:\n42/)
  const plot =
    'import base64\nfrom IPython.display import Image\nImage(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))'
  const shown = await call('run_in_session', { session_id, code: plot })
  assert.equal(shown.content.at(-1).mimeType, 'image/png', text(shown))
  await call('write_file', { session_id, path: 'a/b.txt', content: 'hello' })
  assert.equal(text(await call('read_file', { session_id, path: 'a/b.txt' })), 'hello')
  assert.match(text(await call('list_files', { session_id })), /^a\/$/m)
  assert.match(text(await call('run_command', { session_id, command: 'cat a/b.txt' })), /hello/)

  // A call that is given up is interrupted; the session goes on with what it had.
  const ends = new AbortController()
  const endless = call(
    'run_in_session',
    { session_id, code: 'open("begun", "w").close()\nwhile True: pass', timeout_seconds: 600 },
    { signal: ends.signal },
  )
  endless.catch(() => undefined)
  while (!text(await call('list_files', { session_id })).includes('begun'))
    await new Promise((done) => setTimeout(done, 50))
  ends.abort('enough')
  await assert.rejects(endless)
  assert.match(text(await call('run_in_session', { session_id, code: 'x' })), /result:\n40/)

  assert.ok((await call('list_sessions')).structuredContent.sessions.some((one) => one.session_id === session_id))
  assert.equal((await call('close_session', { session_id })).structuredContent.state, 'ended')
  assert.equal((await call('run_in_session', { session_id, code: 'x' })).isError, true)
  await client.close()
  console.log(`${title}: works`)
}

const transports = { HTTP: overHttp, 'standard input and output': overStdio }
const modes = { 'by default': undefined, auto: 'auto', 'pinned to 2026-07-28': { pin: '2026-07-28' } }
for (const [way, transport] of Object.entries(transports)) {
  const old = new first.Client(info)
  await old.connect(transport(first))
  await round(`@modelcontextprotocol/sdk over ${way}`, old)
  for (const [title, mode] of Object.entries(modes)) {
    const client = new second.Client(info, mode && { versionNegotiation: { mode } })
    await client.connect(transport(second))
    if (mode !== undefined) assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28')
    await round(`@modelcontextprotocol/client over ${way}, ${title}`, client)
  }
}

const stranger = new second.Client(info)
const wrong = new second.StreamableHTTPClientTransport(new URL('/mcp', base), {
  requestInit: { headers: { Authorization: 'Bearer ry_wrong' } },
})
await assert.rejects(stranger.connect(wrong))
console.log('a wrong key is refused')
