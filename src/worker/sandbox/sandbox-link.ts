import type { Logger } from 'pino'
import { createAnswerWait } from './answer-wait.ts'
import type { Engine } from './engine.ts'
import type { Gathered } from './gathering.ts'
import type { SandboxEvent, SandboxProtocol, SandboxState } from './sandbox-protocol.ts'
import { type FaultKind, type Flow, type OutputStream, SandboxBroken } from './sandbox.ts'
import type { StageReport } from './stage-report.ts'
import { closeGracefully, type Transport } from './transport.ts'

const READY_TIMEOUT_MS = 20_000
/** Characters of what init says while it starts that are kept for the error. */
const MOST_SAID = 4096

export interface LinkOptions {
  engine: Pick<Engine, 'remove' | 'timeoutFactor'>
  transport: Transport
  protocol: SandboxProtocol
  /** The sandbox's id. */
  id: string
  log: Logger
  /** Is told when the sandbox fails, once. */
  faulted?: ((kind: FaultKind) => void) | undefined
}

/** What a stage is followed by. */
export interface StageListener {
  onOutput(stream: OutputStream, bytes: Buffer): void
  /** Of its input. */
  taken?: ((bytes: number) => void) | undefined
}

/** A sandbox's container as its worker is linked to it: what goes there, what comes of it, and its end. */
export interface SandboxLink {
  /** Rejects with SandboxBroken when init does not get ready. */
  ready: Promise<unknown>
  /** Resolves when the sandbox can run nothing any more. */
  gone: Promise<void>
  /** Holds back what init says. */
  flow: Flow
  send: (frames: readonly Uint8Array[]) => void
  /** Sends, and resolves when all that was sent has been taken, or nothing will be any more. */
  sendPatiently: (frames: readonly Uint8Array[]) => Promise<void>
  /** Sends, and waits for what comes of it. @throws SandboxBroken */
  ask: (frames: readonly Uint8Array[], timeoutMs: number, what: string) => Promise<Gathered | undefined>
  /** Sends what starts a stage. @throws SandboxBroken */
  run: (frames: readonly Uint8Array[], listener: StageListener) => Promise<StageReport>
  /** Ends init in good order where that goes, and removes the container. Idempotent, never rejects. */
  destroy: () => Promise<void>
}

/** Links a container that was started: it is listened to from now on. Times are multiplied by the engine's factor. */
export function linkSandbox({ engine, transport, protocol, id, log, faulted }: LinkOptions): SandboxLink {
  const { container, out } = transport
  let stage: (StageListener & { resolve(report: StageReport): void; reject(error: Error): void }) | undefined
  let removing: Promise<void> | undefined
  let isGone = false
  /** How many hold the sandbox back. */
  let holds = 0
  /** What init wrote to its log before it was ready. */
  let said = ''
  let markGone = () => {}
  const gone = new Promise<void>((resolve) => (markGone = resolve))
  const answer = createAnswerWait<Gathered | undefined>({
    isHeld: () => holds > 0,
    late: (what, ms) => fail('timeout', `${what} took over ${ms} ms`),
  })
  const wait = (timeoutMs: number, what: string) => answer.wait(timeoutMs * engine.timeoutFactor, what)

  const send = (frames: readonly Uint8Array[]) => {
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
    stage = undefined
    answer.reject(broken)
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

  const onEvent = (event: SandboxEvent) => {
    if (isGone) return undefined
    switch (event.type) {
      case 'ready':
      case 'clean':
        return answer.settle(undefined)
      case 'gathered':
        return answer.settle(event.gathered)
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

  // Before anything can be heard: a transport may tell of its end while it is listened to.
  const ready = wait(READY_TIMEOUT_MS, 'getting ready')
  transport.listen({
    frames(bytes) {
      if (protocol.state === 'gathering') answer.refresh()
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

  return {
    ready,
    gone,
    flow: {
      hold() {
        if (holds++ === 0) out.pause()
      },
      release() {
        if (--holds > 0 || isGone) return
        answer.refresh()
        out.resume()
      },
    },
    send,
    async sendPatiently(frames) {
      send(frames)
      if (!out.destroyed && out.writableNeedDrain) await drained(out)
    },
    ask(frames, timeoutMs, what) {
      const asked = wait(timeoutMs, what)
      send(frames)
      return asked
    },
    run(frames, listener) {
      const report = new Promise<StageReport>((resolve, reject) => (stage = { ...listener, resolve, reject }))
      send(frames)
      return report
    },
    destroy,
  }
}

function whyNotReady(reason: string, said: string): string {
  const words = said.trim()
  return `not ready: ${reason}${words === '' ? '; init said nothing' : `; init said: ${words}`}`
}

const drained = (out: Transport['out']) =>
  new Promise<void>((resolve) => {
    const done = () => {
      out.off('drain', done).off('close', done)
      resolve()
    }
    out.once('drain', done).once('close', done)
  })
