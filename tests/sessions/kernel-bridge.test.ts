import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { eventually } from '../support/eventually.ts'

/** The bridge with a kernel that has said more than anybody will listen to when it ends. */
const root = packageRoot()
const folder = mkdtempSync(join(tmpdir(), 'bridge-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Its folder is another, for that of sessions is not there. */
const PROGRAM = `
import importlib.util
import sys
spec = importlib.util.spec_from_file_location('bridge', sys.argv[1])
bridge = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bridge)
bridge.RUN_FOLDER = sys.argv[2]
bridge.main()
`

interface Said {
  event: string
  context?: string
  asked?: boolean
  type?: string
  content?: object
}

let bridge: ChildProcess | undefined
afterEach(async () => {
  const ended = bridge && once(bridge, 'exit')
  bridge?.stdin?.end()
  bridge?.stdout?.resume()
  await ended
})

/**
 * @param messages that the kernel leaves; without, there is no end to them
 * @param content of each, when it matters
 */
async function startKernel(messages?: number, content?: Buffer) {
  const pidFile = join(folder, 'pid')
  rmSync(pidFile, { force: true })
  const env = {
    ...process.env,
    PYTHONPATH: join(root, 'tests/sessions/endless-zmq'),
    PYTHONDONTWRITEBYTECODE: '1',
    PID_FILE: pidFile,
    ...(messages !== undefined && { MESSAGES: String(messages) }),
    ...(content && { CONTENT: content.toString('hex') }),
  }
  const started = spawn('python3', ['-c', PROGRAM, join(root, 'languages/kernel-bridge.py'), folder], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  bridge = started
  const order = (fields: object) => started.stdin.write(`${JSON.stringify({ context: 'c', env: {}, ...fields })}\n`)
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]()
  /** How many messages are said before the next event that is none, and that one. */
  const next = async () => {
    for (let said = 0; ; said++) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the bridge has ended')
      const event = JSON.parse(String(value)) as Said
      if (event.event !== 'message') return { said, event }
    }
  }
  expect((await next()).event).toMatchObject({ event: 'bridge' })
  const script = `echo $$ > ${pidFile}.new && mv ${pidFile}.new ${pidFile} && exec sleep infinity`
  order({ do: 'start', argv: ['/bin/sh', '-c', script], env: { PATH: process.env['PATH'] }, cwd: folder })
  const pid = await eventually('the kernel runs', () => Number(readFileSync(pidFile, 'utf8')))
  return {
    order,
    next,
    firstMessage: () => lines.next(),
    end: () => process.kill(pid, 'SIGKILL'),
  }
}

test('a kernel that is stopped is not listened to any more', async () => {
  const { order, next } = await startKernel()
  order({ do: 'stop' })
  expect(await next()).toMatchObject({ said: 0, event: { event: 'died', context: 'c', asked: true } })
})

test('orders are obeyed while it is passed on what a kernel left that ended by itself, and a stop ends that', async () => {
  const { order, next, firstMessage, end } = await startKernel()
  end()
  await firstMessage()
  order({ do: 'start', context: 'other', argv: ['/no/such/program'], cwd: folder })
  expect((await next()).event).toMatchObject({ event: 'failed', context: 'other' })
  order({ do: 'stop' })
  expect((await next()).event).toMatchObject({ event: 'died', context: 'c', asked: true })
})

test('an order that cannot be read costs no kernel', async () => {
  const { order, next } = await startKernel()
  const message = { do: 'send', channel: 'shell', type: 'comm_msg', id: 'm' }
  order({ ...message, content: {}, buffers: ['A'] })
  let nested: object = {}
  for (let depth = 0; depth < 2000; depth++) nested = { nested }
  order({ ...message, content: nested })
  order({ do: 'stop' })
  expect((await next()).event).toMatchObject({ event: 'died', context: 'c', asked: true })
})

test('all that a kernel left comes before its end, also what takes several turns', async () => {
  const { next, end } = await startKernel(2500)
  end()
  expect(await next()).toMatchObject({ said: 2500, event: { event: 'died', context: 'c', asked: false } })
})

test('of what a kernel says only the bytes that are no UTF-8 are lost', async () => {
  const { firstMessage, end } = await startKernel(1, Buffer.from('{"text":"a\xffb"}', 'latin1'))
  end()
  const { value } = await firstMessage()
  expect((JSON.parse(String(value)) as Said).content).toEqual({ text: 'a\ufffdb' })
})

test('a kernel that goes on speaking behind its end is not listened to for ever', async () => {
  const { next, end } = await startKernel()
  end()
  expect((await next()).event).toMatchObject({ event: 'died', context: 'c', asked: false })
})

test('a kernel that needs ports gets free ones, and none that a connection may be given', async () => {
  const { order } = await startKernel()
  const taken = createServer()
  // The one that would be its first; somebody else may have it already, which is as good.
  taken.listen(20_010, '127.0.0.1')
  await Promise.race([once(taken, 'listening'), once(taken, 'error')]).catch(() => undefined)
  try {
    const file = join(folder, 'connection')
    const script = `cp "$0" ${file}.new && mv ${file}.new ${file} && exec sleep infinity`
    const argv = ['/bin/sh', '-c', script, '{connectionFile}']
    order({ do: 'start', context: 'other', transport: 'tcp', argv, env: { PATH: process.env['PATH'] }, cwd: folder })
    const { transport, ip, ...rest } = await eventually(
      'the kernel has its connection file',
      () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>,
    )
    expect({ transport, ip }).toEqual({ transport: 'tcp', ip: '127.0.0.1' })
    const ports = ['shell', 'iopub', 'stdin', 'control', 'hb'].map((channel) => Number(rest[`${channel}_port`]))
    expect(new Set(ports).size).toBe(5)
    expect(ports).not.toContain(20_010)
    for (const port of ports) expect(port >= 20_000 && port < 32_000).toBe(true)
  } finally {
    taken.close()
  }
})
