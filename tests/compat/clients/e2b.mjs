// What programs for E2B do with its packages from npm. The environment says where, as E2B's own documentation has it.
import assert from 'node:assert/strict'
import dns from 'node:dns'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder = ''] = process.argv.slice(2)
const require = createRequire(join(folder, 'clients.cjs'))
// What a name server does for the names of sandboxes.
const { lookup } = dns
dns.lookup = (name, options, done) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options, done)

const { callsOf } = await import('./calls.mjs')
const { works, differs, cannot } = callsOf(folder)
const INTERPRETER = '@e2b/code-interpreter'
const { Sandbox } = require(INTERPRETER)
const { Sandbox: Plain, CommandExitError, FileNotFoundError, NotFoundError, TimeoutError } = require('e2b')

const started = []
try {
  const sandbox = await Sandbox.create({ timeoutMs: 300_000, metadata: { of: 'clients' }, envs: { OF: 'sandbox' } })
  started.push(sandbox)

  // runCode
  await sandbox.runCode('x = 40')
  const seen = { stdout: [], stderr: [], results: [] }
  const execution = await sandbox.runCode('import sys\nprint("hällo"); print("err", file=sys.stderr)\nx + 2', {
    onStdout: ({ line }) => void seen.stdout.push(line),
    onStderr: ({ line }) => void seen.stderr.push(line),
    onResult: ({ text }) => void seen.results.push(text),
  })
  assert.equal(execution.text, '42')
  assert.deepEqual(execution.logs, { stdout: ['hällo\n'], stderr: ['err\n'] })
  assert.deepEqual(seen, { stdout: ['hällo\n'], stderr: ['err\n'], results: ['42'] })
  assert.equal(execution.executionCount, 2)
  works(INTERPRETER, 'Sandbox.create', 'runCode', 'runCode: onStdout, onStderr, onResult')
  const failed = await sandbox.runCode('1 / 0')
  assert.equal(failed.error.name, 'ZeroDivisionError')
  assert.match(failed.error.traceback, /ZeroDivisionError/)
  works(INTERPRETER, 'runCode: error with traceback')
  const rich = await sandbox.runCode(
    'from IPython.display import HTML, display, Markdown\ndisplay(HTML("<b>x</b>"), Markdown("*y*"))',
  )
  assert.deepEqual(
    rich.results.map(({ html, markdown }) => html ?? markdown),
    ['<b>x</b>', '*y*'],
  )
  const image =
    'import base64; from IPython.display import Image; Image(base64.b64decode("iVBORw0KGgo="), format="png")'
  assert.equal((await sandbox.runCode(image)).results[0].png, 'iVBORw0KGgo=')
  works(INTERPRETER, 'runCode: HTML, Markdown and images')
  const environment = 'import os; os.environ["OF"] + os.environ.get("ONE", "-")'
  assert.equal((await sandbox.runCode(environment, { envs: { ONE: '1' } })).text, 'sandbox1')
  assert.equal((await sandbox.runCode(environment)).text, 'sandbox-')
  works(INTERPRETER, 'runCode: envs')
  await assert.rejects(sandbox.runCode('import time; time.sleep(100_000)', { timeoutMs: 1500 }), TimeoutError)
  assert.equal((await sandbox.runCode('x')).text, '40')
  works(INTERPRETER, 'runCode: timeoutMs, state stays')
  await assert.rejects(sandbox.runCode('1', { language: 'r' }))
  cannot(INTERPRETER, 'runCode: another language', 'a sandbox is of the language of its template')

  // contexts
  const context = await sandbox.createCodeContext({ language: 'python', cwd: '/home/user' })
  await sandbox.runCode('y = 1', { context })
  assert.equal((await sandbox.runCode('y', { context })).text, '1')
  assert.equal((await sandbox.runCode('y')).error.name, 'NameError')
  assert.deepEqual(
    (await sandbox.listCodeContexts()).map(({ id }) => id),
    ['default', context.id],
  )
  differs(
    INTERPRETER,
    'listCodeContexts',
    'one context at the start, `default`; upstream has one each of Python and JavaScript',
  )
  await sandbox.restartCodeContext(context)
  assert.equal((await sandbox.runCode('y', { context })).error.name, 'NameError')
  await sandbox.removeCodeContext(context)
  await assert.rejects(sandbox.runCode('1', { context }), NotFoundError)
  works(INTERPRETER, 'createCodeContext', 'runCode: context', 'restartCodeContext', 'removeCodeContext')

  // files
  const written = await sandbox.files.write('dir/a.txt', 'text ä')
  assert.deepEqual([written.name, written.type, written.path], ['a.txt', 'file', '/job/dir/a.txt'])
  differs('e2b', 'paths in answers', '`/job/...`, which is the home folder; `/home/user/...` and `~` mean it in calls')
  assert.equal(await sandbox.files.read('dir/a.txt'), 'text ä')
  const bytes = new Uint8Array(700_000).map((_, index) => index % 251)
  await sandbox.files.write('/home/user/dir/b.bin', bytes.buffer)
  assert.deepEqual(await sandbox.files.read('dir/b.bin', { format: 'bytes' }), bytes)
  await sandbox.files.write([
    { path: 'many/1', data: 'one' },
    { path: 'many/2', data: new Blob(['two']) },
  ])
  await sandbox.files.write('dir/packed', 'packed', { gzip: true })
  assert.equal(await sandbox.files.read('dir/packed'), 'packed')
  await sandbox.files.write('dir/empty', '')
  assert.equal(await sandbox.files.read('dir/empty'), '')
  works('e2b', 'files.write', 'files.write: several', 'files.write: gzip', 'files.read', 'files.read: bytes')
  assert.deepEqual(
    (await sandbox.files.list('many')).map(({ name, type }) => [name, type]),
    [
      ['1', 'file'],
      ['2', 'file'],
    ],
  )
  assert.deepEqual(
    (await sandbox.files.list('/home/user', { depth: 2 })).map(({ path }) => path).includes('/job/many/1'),
    true,
  )
  assert.equal(await sandbox.files.exists('dir/a.txt'), true)
  assert.equal(await sandbox.files.exists('nonesuch'), false)
  assert.equal((await sandbox.files.getInfo('dir/a.txt')).size, 7)
  assert.equal(await sandbox.files.makeDir('made/deep'), true)
  assert.equal(await sandbox.files.makeDir('made/deep'), false)
  assert.equal((await sandbox.files.rename('dir/a.txt', 'dir/c.txt')).path, '/job/dir/c.txt')
  await sandbox.files.remove('made')
  await assert.rejects(sandbox.files.read('made/none'), FileNotFoundError)
  works(
    'e2b',
    'files.list',
    'files.list: depth',
    'files.exists',
    'files.getInfo',
    'files.makeDir',
    'files.rename',
    'files.remove',
  )
  await sandbox.files.makeDir('watched/deep')
  const changes = []
  let told = () => undefined
  const until = async (change) => {
    while (!changes.includes(change)) await new Promise((resolve) => (told = resolve))
  }
  const onChange = ({ type, name }) => {
    changes.push(`${type} ${name}`)
    told()
  }
  const watch = await sandbox.files.watchDir('watched', onChange, { recursive: true })
  await sandbox.files.write('watched/deep/a', 'one')
  await until('create deep/a')
  await sandbox.files.rename('watched/deep/a', 'watched/b')
  await until('create b')
  await sandbox.files.remove('watched/b')
  await until('remove b')
  await watch.stop()
  assert.ok(changes.includes('rename deep/a') || changes.includes('remove deep/a'), changes.join())
  differs(
    'e2b',
    'files.watchDir',
    'folders are looked at some times a second: what comes and goes between two looks is not told, and changes of rights never are',
  )
  await assert.rejects(
    sandbox.files.watchDir('nonesuch', () => undefined),
    FileNotFoundError,
  )
  assert.equal((await sandbox.runCode('open("dir/c.txt").read()')).text, 'text ä')
  const isByName = process.env.E2B_SANDBOX_URL === undefined
  if (isByName) {
    const link = await sandbox.downloadUrl('dir/c.txt', { useSignatureExpiration: 60 })
    assert.equal(await (await fetch(link)).text(), 'text ä')
    const form = new FormData()
    form.append('file', new Blob(['sent']), 'x')
    assert.equal((await fetch(await sandbox.uploadUrl('dir/sent'), { method: 'POST', body: form })).status, 200)
    assert.equal(await sandbox.files.read('dir/sent'), 'sent')
    differs('e2b', 'downloadUrl, uploadUrl', 'with wildcard names only: a link has no header that names its sandbox')
  }

  // commands
  const pieces = []
  const result = await sandbox.commands.run('echo "$NAME"; pwd; echo err >&2', {
    envs: { NAME: 'name ä' },
    cwd: '/home/user/dir',
    onStdout: (data) => void pieces.push(data),
  })
  assert.deepEqual([result.exitCode, result.stdout, result.stderr], [0, 'name ä\n/job/dir\n', 'err\n'])
  assert.equal(pieces.join(''), result.stdout)
  await assert.rejects(
    sandbox.commands.run('exit 3'),
    (error) => error instanceof CommandExitError && error.exitCode === 3,
  )
  await assert.rejects(sandbox.commands.run('sleep 100000', { timeoutMs: 1500 }), TimeoutError)
  works('e2b', 'commands.run: envs, cwd, onStdout', 'commands.run: exit code', 'commands.run: timeoutMs')
  const reader = await sandbox.commands.run('read line; echo "got $line"; cat', { background: true, stdin: true })
  assert.ok((await sandbox.commands.list()).some(({ pid, cmd }) => pid === reader.pid && cmd === '/bin/bash'))
  await sandbox.commands.sendStdin(reader.pid, 'one\n')
  await sandbox.commands.sendStdin(reader.pid, 'two\n')
  await sandbox.commands.closeStdin(reader.pid)
  assert.equal((await reader.wait()).stdout, 'got one\ntwo\n')
  const endless = await sandbox.commands.run('sleep 100000', { background: true, timeoutMs: 0 })
  const joined = await sandbox.commands.connect(endless.pid)
  assert.equal(await sandbox.commands.kill(endless.pid), true)
  await assert.rejects(joined.wait(), CommandExitError)
  await assert.rejects(endless.wait(), CommandExitError)
  assert.equal(await sandbox.commands.kill(endless.pid), false)
  works(
    'e2b',
    'commands.run: background, stdin',
    'commands.list',
    'commands.sendStdin',
    'commands.closeStdin',
    'commands.connect',
    'commands.kill',
  )

  // terminals
  let screen = ''
  const terminal = await sandbox.pty.create({
    cols: 90,
    rows: 20,
    onData: (data) => (screen += Buffer.from(data).toString()),
  })
  await sandbox.pty.resize(terminal.pid, { cols: 132, rows: 43 })
  await sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode('stty size; exit 0\n'))
  await terminal.wait()
  assert.match(screen, /43 132/)
  works('e2b', 'pty.create', 'pty.resize', 'pty.sendInput')

  // the service
  const info = await sandbox.getInfo()
  assert.deepEqual([info.templateId, info.metadata, info.state], ['code-interpreter-v1', { of: 'clients' }, 'running'])
  await sandbox.setTimeout(600_000)
  assert.ok((await sandbox.getInfo()).endAt > info.endAt)
  const page = await Sandbox.list({ query: { metadata: { of: 'clients' }, state: ['running'] }, limit: 1 }).nextItems()
  assert.deepEqual(
    page.map(({ sandboxId }) => sandboxId),
    [sandbox.sandboxId],
  )
  works('e2b', 'getInfo', 'setTimeout', 'Sandbox.list')
  const [metric, ...older] = await sandbox.getMetrics()
  assert.ok(metric.memUsed > 0 && metric.memUsed < metric.memTotal && metric.cpuUsedPct >= 0, JSON.stringify(metric))
  assert.deepEqual(older, [])
  differs('e2b', 'getMetrics', 'what is used now; earlier figures are not kept')
  const again = await Sandbox.connect(sandbox.sandboxId)
  assert.equal((await again.runCode('x')).text, '40')
  assert.equal(await sandbox.isRunning(), true)
  works('e2b', 'Sandbox.connect', 'isRunning')
  await assert.rejects(sandbox.pause())
  cannot('e2b', 'pause', '501: what runs in a sandbox cannot be kept; with `keepMemory: false` its files are')
  const snapshot = await sandbox.createSnapshot({ name: 'clients' })
  assert.deepEqual(snapshot.names, ['clients'])
  differs('e2b', 'createSnapshot', 'files without what runs')
  assert.deepEqual(await Sandbox.listSnapshots({ sandboxId: sandbox.sandboxId }).nextItems(), [snapshot])
  const copy = await Sandbox.create(snapshot.snapshotId, { timeoutMs: 120_000, envs: { OF: 'copy' } })
  started.push(copy)
  assert.equal(await copy.files.read('dir/c.txt'), 'text ä')
  assert.equal((await copy.runCode('import os; os.environ["OF"]')).text, 'copy')
  assert.equal(await Sandbox.deleteSnapshot(snapshot.snapshotId), true)
  assert.equal(await Sandbox.deleteSnapshot(snapshot.snapshotId), false)
  works('e2b', 'listSnapshots', 'Sandbox.create: a snapshot', 'deleteSnapshot')
  assert.equal(await copy.pause({ keepMemory: false }), true)
  assert.equal(await copy.pause({ keepMemory: false }), false)
  assert.equal(await copy.isRunning(), false)
  const waiting = await Sandbox.list({ query: { state: ['paused'] } }).nextItems()
  assert.ok(waiting.some(({ sandboxId, state }) => sandboxId === copy.sandboxId && state === 'paused'))
  const resumed = await Sandbox.connect(copy.sandboxId, { timeoutMs: 120_000 })
  assert.equal(resumed.sandboxId, copy.sandboxId)
  assert.equal(await resumed.files.read('dir/c.txt'), 'text ä')
  assert.equal((await resumed.runCode('os.environ["OF"]')).error.name, 'NameError')
  assert.equal((await resumed.runCode('import os; os.environ["OF"]')).text, 'copy')
  assert.equal(await resumed.kill(), true)
  works('e2b', 'pause: keepMemory false', 'Sandbox.connect: a paused one')
  await assert.rejects(Sandbox.create({ lifecycle: { onTimeout: 'pause' } }))
  cannot('e2b', 'Sandbox.create: pause at the timeout', '400: a sandbox ends at its timeout')
  await assert.rejects(Sandbox.create('nonesuch'))
  cannot('e2b', 'templates of your own', '404: templates are languages, environments and sets of packages')

  // another template, without an interpreter
  const plain = await Plain.create('base', { timeoutMs: 60_000 })
  started.push(plain)
  assert.equal((await plain.commands.run('echo plain')).stdout, 'plain\n')
  assert.equal(await plain.kill(), true)
  assert.equal(await plain.kill(), false)
  works('e2b', 'Sandbox.create: base', 'kill')

  // the end
  const running = sandbox.runCode('print("on", flush=True); import time; time.sleep(100_000)', {
    onStdout: () => void sandbox.kill(),
  })
  await assert.rejects(running)
  assert.equal(await sandbox.isRunning(), false)
  await assert.rejects(sandbox.files.read('x'), TimeoutError)
  await assert.rejects(Sandbox.connect(sandbox.sandboxId), NotFoundError)
  works('e2b', 'errors of a sandbox that ended')
} finally {
  for (const one of started) await one.kill().catch(() => undefined)
}
// They keep connections.
process.exit(0)
