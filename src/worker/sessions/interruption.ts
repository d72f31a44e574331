import { randomUUID } from 'node:crypto'
import { SECOND } from '../../shared/limits.ts'
import type { ExecutionStatus } from '../../shared/sessions/session.ts'
import type { Clock } from './clock.ts'
import type { RunningExecution } from './execution.ts'

/** Why an execution is ended before its code ends. */
export interface Cause {
  status: ExecutionStatus
  /** Null when the status says it all. */
  message: string | null
}

/**
 * How an execution is ended before its code ends, or when its kernel does not say that it has.
 *
 * Its owner interrupts it as often as they like, until its kernel is probed. Time that is over interrupts it once, and when that is not heeded, its
 * kernel is given up. Between the two the code has time for what it does on the first. An interrupt that comes before the kernel has begun is sent
 * when it has. A kernel that ends the output without a reply is probed: it answers between executions alone, so none is interrupted behind that.
 * Its reply ends all of this.
 */
export interface Interruption {
  /** The first there was. */
  readonly cause: Cause | undefined
  /** Whether its kernel has begun with it: an interrupt that comes before goes unheeded. */
  readonly hasBegun: boolean
  /** Whether its kernel was asked what it answers between executions alone. */
  readonly isProbed: boolean
  /** Its kernel has begun with it. */
  begin(): void
  /** For its owner. */
  interrupt(): void
  /** Its time is over, or its CPU time used. */
  overdue(why: Cause): void
  /** The end of its output has come, and its reply has not. */
  awaitReply(): void
  /** @returns whether a message with that parent is the answer to a probe */
  isAnswer(parent: string): boolean
  /** It has replied, or has ended: nothing is interrupted any more. */
  stop(): void
}

export interface InterruptionOptions {
  clock: Clock
  /** Bytes of orders that the bridge has not taken. */
  unsentBytes: () => number
  send: () => void
  /** @param id what the answer names as its parent */
  probe: (id: string) => void
  /** @param how its kernel failed, in words that go on from `its kernel` */
  giveUp: (how: string) => void
}

/** What an execution has to end by itself when it is interrupted because its time is over or its CPU time used. */
const INTERRUPT_GRACE_MS = 3 * SECOND
/**
 * A kernel that has just begun may lose an interrupt: it comes before the code is reached. So one that is sent in the first moments of an
 * execution is sent again after each of these, as long as it runs. A later one is not: code that heeds it may take its time.
 */
const FIRST_MOMENTS_MS = 200
const INTERRUPT_AGAIN_MS = [100, 300, 900]
/**
 * A reply goes before the end of the output, but on a way of its own. A kernel that failed inside gives none. Nor does one that is interrupted
 * before it reaches the code, so where there was an interrupt it is probed at once.
 */
const REPLY_MS = 10 * SECOND
/**
 * Who tells of the end of the output may be a program, and a kernel that gives no reply may run its code still. So it is probed, and has so long to
 * answer. It is probed again after half of it: the interrupt before the first probe may have thrown that away.
 */
const ANSWER_MS = 10 * SECOND
/** What came of an interrupt that nobody asked for. */
export const INTERRUPTED_FOR_REPLY = `it was interrupted: its kernel did not say within ${REPLY_MS / SECOND} s how it ended`

/** @param options.giveUp is called once at most */
export function createInterruption(
  execution: Pick<RunningExecution, 'isIdle'>,
  { clock, unsentBytes, send, probe, giveUp }: InterruptionOptions,
): Interruption {
  let cause: Cause | undefined
  let [hasBegun, isOverdue, isStopped] = [false, false, false]
  /** Whether it has begun so lately that an interrupt may be lost. */
  let isNew = true
  /** Whether an interrupt was sent, since it began if it has. */
  let isSent = false
  /** Set while it may be heeding one that its owner has sent lately: a second one would come amidst what the code does on that. */
  let stopHeeding: (() => void) | undefined
  /** Set while it has time to heed the interrupt that came with the end of its time. */
  let stopGrace: (() => void) | undefined
  const probes: string[] = []
  const stopTimers: (() => void)[] = []

  const after = (ms: number, task: () => void) => void stopTimers.push(clock.after(ms, task))
  const stopWaiting = () => {
    stopHeeding?.()
    stopGrace?.()
    stopHeeding = stopGrace = undefined
  }
  const sendOne = () => {
    // One that may not have been read does for the next as well: they take no room, and need none to be asked for.
    if (isSent && unsentBytes() > 0) return
    isSent = true
    send()
  }
  const sendInterrupt = () => {
    sendOne()
    if (!isNew) return
    // A kernel that is probed is between executions, or about to be.
    const again = () => {
      if (probes.length === 0) sendOne()
    }
    for (const ms of INTERRUPT_AGAIN_MS) after(ms, again)
  }
  /** A limit that comes within 3 s waits for the end of them, once. */
  const interruptWithGrace = () => {
    sendInterrupt()
    if (isOverdue) return
    stopHeeding?.()
    stopHeeding = clock.after(INTERRUPT_GRACE_MS, () => {
      stopHeeding = undefined
      if (isOverdue) interruptOverdue()
    })
  }
  const interruptOverdue = () => {
    sendInterrupt()
    if (execution.isIdle) return sendProbes()
    stopGrace?.()
    stopGrace = clock.after(INTERRUPT_GRACE_MS, () => giveUp('did not heed an interrupt'))
  }
  /** It ends when its kernel answers, or replies after all. No interrupt comes amidst that. */
  const sendProbes = () => {
    if (probes.length > 0) return
    stopWaiting()
    const sendProbe = () => {
      const id = randomUUID()
      probes.push(id)
      probe(id)
    }
    sendProbe()
    after(ANSWER_MS / 2, sendProbe)
    after(ANSWER_MS, () => giveUp('does not answer'))
  }

  return {
    get cause() {
      return cause
    },
    get hasBegun() {
      return hasBegun
    },
    get isProbed() {
      return probes.length > 0
    },
    begin() {
      hasBegun = true
      isSent = false
      if (isStopped) return
      after(FIRST_MOMENTS_MS, () => (isNew = false))
      if (!cause || probes.length > 0) return
      if (isOverdue) interruptOverdue()
      else interruptWithGrace()
    },
    interrupt() {
      if (isStopped) return
      cause ??= { status: 'interrupted', message: null }
      if (probes.length > 0) return
      if (execution.isIdle) {
        sendInterrupt()
        sendProbes()
      } else if (hasBegun) interruptWithGrace()
    },
    overdue(why) {
      if (isStopped) return
      cause ??= why
      if (isOverdue) return
      isOverdue = true
      // A kernel that is probed already has its time to answer; one that heeds its owner's interrupt is interrupted when it had time for that.
      if (probes.length === 0 && !stopHeeding) interruptOverdue()
    },
    awaitReply() {
      if (cause) return sendProbes()
      after(REPLY_MS, () => {
        if (probes.length > 0) return
        sendInterrupt()
        sendProbes()
      })
    },
    isAnswer: (parent) => probes.includes(parent),
    stop() {
      isStopped = true
      stopWaiting()
      for (const stop of stopTimers.splice(0)) stop()
    },
  }
}
