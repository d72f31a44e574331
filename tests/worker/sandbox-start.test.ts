import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { encodeFrame } from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import type { Engine } from '../../src/worker/sandbox/engine.ts'
import { createLaunch } from '../../src/worker/sandbox/launch.ts'
import { createPodmanSandbox } from '../../src/worker/sandbox/podman-sandbox.ts'
import { SandboxBroken } from '../../src/worker/sandbox/sandbox.ts'
import { attachedTransport, directTransport, type Transport } from '../../src/worker/sandbox/transport.ts'

const WORDS = 'make private /: Permission denied'
const ID = 'c0ffee'.repeat(4)
/** Waits for nothing: where init must say something, a machine that is busy has all the time there is. */
const IMPATIENT = 0.02
const log = pino({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'runyard-start-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** An engine of which containers are only removed. */
function engineOf(more: Partial<Engine> = {}): Engine & { removed: string[] } {
  const removed: string[] = []
  const refuse = () => Promise.reject(new Error('not asked for here'))
  return {
    timeoutFactor: 1,
    ping: refuse,
    identity: refuse,
    launch: refuse,
    start: refuse,
    isRunning: () => Promise.resolve(false),
    remove: (id) => Promise.resolve(void removed.push(id)),
    images: refuse,
    imagesMark: refuse,
    containers: refuse,
    removed,
    ...more,
  }
}

const start = (engine: Engine, transport: Transport) =>
  createPodmanSandbox(engine, () => Promise.resolve(transport), {}, log)

/** As podman multiplexes it: 1 is standard output, 2 standard error. */
function block(stream: 1 | 2, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  const head = Buffer.alloc(8)
  head[0] = stream
  head.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([head, bytes])
}

/** The two connections of an init, as the worker has them and as init does. */
async function connections(): Promise<[worker: [Socket, Socket], init: [Socket, Socket]]> {
  const path = join(folder, `${Math.random()}`)
  const server = createServer().listen(path)
  await once(server, 'listening')
  const pair = async () => {
    const mine = connect(path)
    const [theirs] = (await once(server, 'connection')) as [Socket]
    return [theirs, mine] as const
  }
  const [[frames, framesOfInit], [lines, linesOfInit]] = [await pair(), await pair()]
  server.close()
  return [
    [frames, lines],
    [framesOfInit, linesOfInit],
  ]
}

const SILENCE = 'in a silence without end'
const attached: [moment: string, init: (stream: Duplex) => void][] = [
  ['before it is listened to', (stream) => stream.destroy()],
  ['having said why', (stream) => stream.end(block(2, `${WORDS}\n`))],
  ['in the middle of a frame', (stream) => stream.end(block(1, Buffer.from([FRAME.READY, 0, 0])))],
  ['by a fault of its own telling', (stream) => stream.write(block(1, encodeFrame(FRAME.FAULT, WORDS)))],
  ['with something that is no frame', (stream) => stream.write(block(1, Buffer.alloc(64, 0xff)))],
  [
    'in the middle of the frame ready, having said why',
    (stream) => {
      stream.write(block(2, WORDS))
      stream.end(block(1, Buffer.from([FRAME.READY])))
    },
  ],
  [SILENCE, () => undefined],
]

test.each(attached)('a sandbox spoken to through the engine that ends %s is an error', async (moment, init) => {
  const engine = engineOf(moment === SILENCE ? { timeoutFactor: IMPATIENT } : {})
  const [mine, its] = duplexPair()
  init(its)
  if (its.destroyed) mine.destroy()
  const starting = start(engine, attachedTransport({ id: ID, stream: mine }))
  await expect(starting).rejects.toThrow(SandboxBroken)
  const { message } = (await starting.catch((error: unknown) => error)) as Error
  expect(message).toContain('not ready: ')
  if (init.toString().includes('WORDS')) expect(message).toContain(WORDS)
  expect(engine.removed).toEqual([ID])
})

test.each<[string, (frames: Socket, lines: Socket) => Promise<unknown> | void]>([
  ['with its connections', (frames, lines) => void [frames.end(), lines.end()]],
  ['with its first connection', (frames) => void frames.end()],
  ['killed', (frames, lines) => void [frames.destroy(), lines.destroy()]],
  ['having said why', (frames, lines) => void [frames.end(), lines.end(WORDS)]],
  [
    'and what it says comes later',
    async (frames, lines) => {
      frames.end()
      await new Promise((resolve) => setTimeout(resolve, 50))
      lines.end(WORDS)
    },
  ],
])('a sandbox that has connected to its worker and ends %s is an error', async (_moment, init) => {
  for (const early of [true, false]) {
    const engine = engineOf()
    const [[frames, lines], ofInit] = await connections()
    const ended = once(frames, 'end')
    if (early) await init(...ofInit)
    const starting = start(engine, directTransport(ID, frames, lines))
    const outcome = starting.catch((error: unknown) => error)
    if (!early) await init(...ofInit)
    await ended
    const error = (await outcome) as Error
    expect(error).toBeInstanceOf(SandboxBroken)
    expect(error.message).toContain(init.toString().includes('WORDS') ? WORDS : 'init said nothing')
    expect(engine.removed).toEqual([ID])
  }
})

test('a sandbox whose connections were closed before it was listened to is an error', async () => {
  const engine = engineOf()
  const [[frames, lines]] = await connections()
  frames.destroy()
  lines.destroy()
  await once(frames, 'close')
  await expect(start(engine, directTransport(ID, frames, lines))).rejects.toThrow('not ready: its stream was closed')
})

/** The engine of a machine whose first container connects; what becomes of the next is for the test. */
function engineWhose(next: { start(socket: string): void; launch(its: Duplex, socket: string): void }) {
  let launched = 0
  const doorOf = (options: Parameters<Engine['start']>[0]) =>
    join(options.HostConfig?.Mounts?.[0]?.Source ?? '', 'socket')
  return engineOf({
    start: (options) => Promise.resolve(ID).finally(() => next.start(doorOf(options))),
    launch(options) {
      const [stream, its] = duplexPair()
      if (launched++ === 0) for (const _ of [1, 2]) connect(doorOf(options)).unref()
      else next.launch(its, doorOf(options))
      return Promise.resolve({ id: ID, stream })
    },
  })
}

test('init that ends before it connects is heard by way of the engine', async () => {
  const engine = engineWhose({ start: () => undefined, launch: (its) => void its.end(block(2, WORDS)) })
  const launch = createLaunch(engine, () => Promise.resolve(folder), log)
  ;(await launch({})).destroy()
  const starting = createPodmanSandbox(engine, launch, {}, log)
  await expect(starting).rejects.toThrow(WORDS)
  expect(engine.removed).toEqual([ID, ID])
})

test.each([1, 0])('init that hangs with %i of its two connections made is given up', async (count) => {
  const half = (socket: string) => void (count === 1 && connect(socket).unref())
  let timeoutFactor = 1
  const engine = {
    ...engineWhose({ start: half, launch: (_its, socket) => half(socket) }),
    isRunning: () => Promise.resolve(true),
    get timeoutFactor() {
      return timeoutFactor
    },
  }
  const launch = createLaunch(engine, () => Promise.resolve(folder), log)
  ;(await launch({})).destroy()
  timeoutFactor = IMPATIENT
  await expect(createPodmanSandbox(engine, launch, {}, log)).rejects.toThrow('not ready: getting ready took over')
})
