// @jupyterlab/services, unmodified, against the address named in argv: a gateway, or a Jupyter Server that uses one.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [base = '', folder = '', token = ''] = process.argv.slice(2)
const require = createRequire(join(folder, 'clients.cjs'))
const services = require('@jupyterlab/services')
const { callsOf } = await import('./calls.mjs')
const works = (...calls) => callsOf(folder).works('@jupyterlab/services', ...calls)
const { KernelManager, KernelSpecManager, ServerConnection, SessionManager } = services

const serverSettings = ServerConnection.makeSettings({
  baseUrl: `${base}/`,
  wsUrl: `${base.replace(/^http/, 'ws')}/`,
  token,
  appendToken: true,
})
const specs = new KernelSpecManager({ serverSettings })
await specs.ready
assert.equal(specs.specs.default, 'python3')
assert.equal(specs.specs.kernelspecs.python3.language, 'python')

const kernels = new KernelManager({ serverSettings })
const sessions = new SessionManager({ serverSettings, kernelManager: kernels })
await sessions.ready
const session = await sessions.startNew({
  path: 'tests/a.ipynb',
  type: 'notebook',
  name: 'a',
  kernel: { name: 'python3' },
})
const { kernel } = session
const info = await kernel.info
assert.equal(info.language_info.name, 'python')
works('KernelSpecManager', 'SessionManager.startNew', 'kernel.info')

/** Runs code; its outputs by type, and its reply. */
async function run(code, { seen, ...more } = {}) {
  const outputs = []
  const future = kernel.requestExecute({ code, ...more })
  future.onIOPub = ({ header, content }) => {
    outputs.push([header.msg_type, content])
    if (header.msg_type === 'stream') seen?.()
  }
  if (more.allow_stdin) future.onStdin = () => kernel.sendInputReply({ status: 'ok', value: 'Ada' }, {})
  const reply = (await future.done).content
  const of = (type) => outputs.filter(([name]) => name === type).map(([, content]) => content)
  return { reply, of }
}

const first = await run('import os\nprint("so")\n6 * 7')
assert.equal(first.reply.status, 'ok')
assert.equal(first.of('stream')[0].text, 'so\n')
assert.equal(first.of('execute_result')[0].data['text/plain'], '42')
const shown = await run(
  'from IPython.display import display, SVG\ndisplay(SVG("<svg xmlns=\\"http://www.w3.org/2000/svg\\"/>"))',
)
assert.ok(shown.of('display_data')[0].data['image/svg+xml'])
const failed = await run('1 / 0')
assert.equal(failed.of('error')[0].ename, 'ZeroDivisionError')
const asked = await run('print(input("who? "))', { allow_stdin: true })
assert.equal(asked.of('stream')[0].text, 'Ada\n')
works('requestExecute: text, result', 'requestExecute: rich results', 'requestExecute: errors', 'requestExecute: input')

const completed = (await kernel.requestComplete({ code: 'os.pa', cursor_pos: 5 })).content
assert.ok(
  completed.matches.some((match) => match.endsWith('path')),
  JSON.stringify(completed),
)
const inspected = (await kernel.requestInspect({ code: 'os.path', cursor_pos: 7, detail_level: 0 })).content
assert.ok(inspected.found)
assert.equal((await kernel.requestIsComplete({ code: 'if x:' })).content.status, 'incomplete')
works('requestComplete', 'requestInspect', 'requestIsComplete')

// Interrupted when it is known to run: a signal that comes before that is lost in the kernel.
let seen = () => {}
const isOn = new Promise((resolve) => (seen = resolve))
const sleeping = run('import time; print("on", flush=True); time.sleep(1000)', { seen })
await isOn
await kernel.interrupt()
assert.equal((await sleeping).reply.ename, 'KeyboardInterrupt')
await run('kept = 1')
await kernel.restart()
assert.equal((await run('kept')).of('error')[0].ename, 'NameError')
works('interrupt', 'restart')

await kernels.refreshRunning()
assert.ok([...kernels.running()].some(({ id }) => id === kernel.id))
await sessions.refreshRunning()
assert.equal([...sessions.running()].length, 1)
await session.shutdown()
await kernels.refreshRunning()
assert.ok(![...kernels.running()].some(({ id }) => id === kernel.id))
works('KernelManager.refreshRunning', 'SessionManager.refreshRunning', 'session.shutdown')
process.exit(0)
