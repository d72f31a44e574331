import type { ContainerCreateOptions } from 'dockerode'
import type { Logger } from 'pino'
import type { Engine } from './engine.ts'
import { WRITE_BYTES } from './frames.ts'
import type { Gathered } from './gathering.ts'
import type { Launch } from './launch.ts'
import type { PrewarmProgram } from './prewarmed.ts'
import { createSandboxProtocol, type SandboxEvent, type SandboxState } from './sandbox-protocol.ts'
import {
  type FaultKind,
  type Flow,
  GATHER_TIMEOUT_MS,
  type OutputStream,
  type Sandbox,
  SandboxBroken,
} from './sandbox.ts'
import type { StageReport } from './stage-report.ts'
import { closeGracefully } from './transport.ts'

const READY_TIMEOUT_MS = 20_000
const END_TIMEOUT_MS = 10_000
/** Characters of what init says while it starts that are kept for the error. */
const MOST_SAID = 4096

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

interface StageListener extends Waiter<StageReport> {
  onOutput(stream: OutputStream, bytes: Buffer): void
  taken?: ((bytes: number) => void) | undefined
}

/** A container's id as people see it; also the id of its sandbox. */
export const shortId = (container: string): string => container.slice(0, 12)

function whyNotReady(reason: string, said: string): string {
  const words = said.trim()
  return `not ready: ${reason}${words === '' ? '; init said nothing' : `; init said: ${words}`}`
}

/**
 * Makes a container and waits until the init in it is ready. What is said to it and by it is the matter of `createSandboxProtocol`;
 * here are its stream, its times and its end.
 * @param launch of this engine
 * @param program what can be prewarmed in it
 * @param faulted is told when it fails, once
 * @throws SandboxBroken when it does not get ready, Error when the engine refuses; nothing is left then
 */
export async function createPodmanSandbox(
  engine: Engine,
  launch: Launch,
  options: ContainerCreateOptions,
  log: Logger,
  program?: PrewarmProgram,
  faulted?: (kind: FaultKind) => void,
): Promise<Sandbox> {
  const transport = await launch(options)
  const { container, out } = transport
  const id = shortId(container)
  const protocol = createSandboxProtocol({ name: id, memoryBytes: options.HostConfig?.Memory, program })
  let jobs = 0
  let stage: StageListener | undefined
  let waiter: Waiter<Gathered | undefined> | undefined
  /** How long it may say nothing. */
  let patience: NodeJS.Timeout | undefined
  let removing: Promise<void> | undefined
  let isGone = false
  /** How many hold the sandbox back. */
  let holds = 0
  /** What init wrote to its log before it was ready. */
  let said = ''
  let markGone = () => {}
  const gone = new Promise<void>((resolve) => (markGone = resolve))

  const send = (frames: readonly Buffer[]) => {
    if (frames.length > 1) out.cork()
    for (const frame of frames) out.write(frame)
    if (frames.length > 1) out.uncork()
  }

  /** @param reason for whoever waits */
  const leave = (reason: string) => {
    isGone = true
    protocol.leave()
    const broken = new SandboxBroken(`sandbox ${id}: ${reason}`)
    stage?.reject(broken)
    waiter?.reject(broken)
    stage = undefined
    waiter = undefined
    markGone()
  }

  const fail = (kind: FaultKind, reason: string, during: SandboxState = protocol.state) => {
    if (isGone) return
    faulted?.(kind)
    transport.destroy()
    if (during === 'idle') log.warn({ sandbox: id, reason }, 'idle sandbox ended')
    leave(during === 'starting' ? whyNotReady(reason, said) : reason)
    void destroy()
  }

  const destroy = (): Promise<void> => {
    if (!isGone) leave('was removed')
    removing ??= closeGracefully(transport)
      .then(() => engine.remove(container))
      .catch((err: unknown) => {
        log.error({ err, sandbox: id }, 'sandbox removal failed')
      })
    return removing
  }

  const settle = (value?: Gathered) => {
    waiter?.resolve(value)
    waiter = undefined
  }

  const onEvent = (event: SandboxEvent) => {
    if (isGone) return undefined
    switch (event.type) {
      case 'ready':
      case 'clean':
        return settle()
      case 'gathered':
        return settle(event.gathered)
      case 'output':
        return stage?.onOutput(event.stream, event.bytes)
      case 'send':
        return send(event.frames)
      case 'taken':
        return stage?.taken?.(event.bytes)
      case 'report': {
        const done = stage
        stage = undefined
        return done?.resolve(event.report)
      }
      case 'broken':
        return fail(event.kind, event.reason, event.during)
    }
  }

  /** Waits for what comes of what is sent. */
  const wait = (timeoutMs: number, what: string): Promise<Gathered | undefined> =>
    new Promise((resolve, reject) => {
      const ms = timeoutMs * engine.timeoutFactor
      const timer = setTimeout(() => {
        // What is held back cannot say more.
        if (holds > 0) timer.refresh()
        else fail('timeout', `${what} took over ${ms} ms`)
      }, ms)
      patience = timer
      const settled = <T>(then: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer)
          then(value)
        }
      }
      waiter = { resolve: settled(resolve), reject: settled(reject) }
    })
  const ask = (frames: readonly Buffer[], timeoutMs: number, what: string) => {
    const answer = wait(timeoutMs, what)
    send(frames)
    return answer
  }

  // Before anything can be heard: a transport may tell of its end while it is listened to.
  const ready = wait(READY_TIMEOUT_MS, 'getting ready')
  transport.listen({
    frames(bytes) {
      if (protocol.state === 'gathering') patience?.refresh()
      try {
        for (const event of protocol.receive(bytes)) onEvent(event)
      } catch (error) {
        fail('protocol', (error as Error).message)
      }
    },
    text(bytes) {
      if (isGone) return
      if (protocol.state === 'starting' && said.length < MOST_SAID) said += bytes.toString()
      log.warn({ sandbox: id, text: bytes.toString() }, 'init wrote to its log')
    },
    lost(kind, why) {
      if (protocol.state !== 'starting') fail(kind, why)
      else void transport.lastWords().then(() => fail(kind, why))
    },
  })

  /** Until what was sent has been taken, or nothing will be any more. */
  const drained = () =>
    new Promise<void>((resolve) => {
      if (out.destroyed || !out.writableNeedDrain) return resolve()
      const done = () => {
        out.off('drain', done).off('close', done)
        resolve()
      }
      out.once('drain', done).once('close', done)
    })

  const flow: Flow = {
    hold() {
      if (holds++ === 0) out.pause()
    },
    release() {
      if (--holds > 0 || isGone) return
      patience?.refresh()
      out.resume()
    },
  }

  const sandbox: Sandbox = {
    id,
    createdAt: Date.now(),
    get jobs() {
      return jobs
    },
    gone,
    get prewarmed() {
      return protocol.prewarmed
    },
    prewarm: () => send(protocol.prewarm()),
    discardPrewarmed: () => send(protocol.discardPrewarmed()),
    begin(fileBytes) {
      protocol.begin(fileBytes)
      jobs++
    },
    writeFile: (path, mode, content) => send(protocol.writeFile(path, mode, content)),
    async streamFile(path, mode, bytes, content, signal) {
      send(protocol.enter())
      let at = 0
      const put = async (piece: Uint8Array) => {
        if (at + piece.length > bytes) throw new Error(`the content of a file has more than its ${bytes} bytes`)
        const place = { first: at === 0, last: at + piece.length === bytes }
        out.cork()
        out.write(protocol.writePiece(path, mode, piece.length, place))
        out.write(piece)
        out.uncork()
        at += piece.length
        await drained()
      }
      if (bytes === 0) await put(new Uint8Array())
      for await (const piece of content) {
        for (let from = 0; from < piece.length; from += WRITE_BYTES) {
          if (signal.aborted) return
          await put(piece.subarray(from, from + WRITE_BYTES))
        }
      }
      if (at < bytes && !signal.aborted) throw new Error(`the content of a file ended after ${at} of ${bytes} bytes`)
    },
    async renew(from) {
      await ask(protocol.renew(from), END_TIMEOUT_MS, 'clearing the cell')
    },
    async run(start, stdin, onOutput, live) {
      const frames = protocol.run(start, stdin, live !== undefined)
      const report = new Promise<StageReport>((resolve, reject) => {
        stage = { resolve, reject, onOutput, taken: live && ((bytes) => live.taken(bytes)) }
      })
      send(frames)
      return report
    },
    input: (bytes) => send(protocol.input(bytes)),
    endInput: () => send(protocol.endInput()),
    resize: (size) => send(protocol.resize(size)),
    signal: (number) => send(protocol.signal(number)),
    kill: () => send(protocol.kill()),
    async gather(wanted, spilling) {
      const spill = spilling && { ...spilling, begin: () => spilling.begin(flow) }
      const gathered = await ask(protocol.gather(wanted, spill), GATHER_TIMEOUT_MS, 'gathering artifacts')
      if (!gathered) throw new SandboxBroken(`sandbox ${id} did not report the end of its artifacts`)
      return gathered
    },
    async end() {
      await ask(protocol.end(), END_TIMEOUT_MS, 'clearing the job')
    },
    destroy,
  }

  try {
    await ready
  } catch (error) {
    await destroy()
    throw error
  }
  return sandbox
}
