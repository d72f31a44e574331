import { SECOND } from '../../shared/limits.ts'
import type { KernelMessage } from './bridge-lines.ts'
import type { Clock } from './clock.ts'
import type { KernelPlan } from './kernel-plan.ts'

/** What interrupts a kernel has not answered. Until it has, one may still reach what it runs next. */
export interface InterruptReplies {
  readonly isAwaited: boolean
  /** One was sent. */
  expect(): void
  /** @returns whether the message is the answer of one */
  take(message: KernelMessage): boolean
  /** The kernel has ended: it answers none any more. */
  forget(): void
}

/** A kernel that does not answer is waited for so long. */
const INTERRUPT_REPLY_MS = SECOND
/** An answer that is this late does not come any more: it must not be taken for another, which would be waited for in vain. */
const LATE_REPLY_MS = 30 * SECOND

/**
 * A signal is there before the code that is sent behind it, and what comes on one pipe keeps its order. But a request to interrupt has a channel of
 * its own, on which it may come later than the code behind it.
 * @param next is called when none is awaited any more
 */
export function createInterruptReplies(
  { interrupt, protocol }: Pick<KernelPlan, 'interrupt' | 'protocol'>,
  clock: Clock,
  next: () => void,
): InterruptReplies {
  const mayComeLate = interrupt === 'message' && protocol !== 'lines'
  let awaited = 0
  /** Answers that are waited for no more. They come in order, so these come before those of later interrupts. */
  let late = 0
  let stopTimer = () => {}
  let stopForgetting: (() => void) | undefined
  const finish = () => {
    stopTimer()
    awaited = 0
    next()
  }
  const giveUp = () => {
    late += awaited
    // One that never comes is not waited for anew with each interrupt that is taken for it.
    stopForgetting ??= clock.after(LATE_REPLY_MS, () => {
      late = 0
      stopForgetting = undefined
    })
    finish()
  }
  return {
    get isAwaited() {
      return awaited > 0
    },
    expect() {
      if (!mayComeLate) return
      awaited++
      stopTimer()
      stopTimer = clock.after(INTERRUPT_REPLY_MS, giveUp)
    },
    take({ channel, type }) {
      if (channel !== 'control' || type !== 'interrupt_reply') return false
      if (late > 0) late--
      else if (awaited === 1) finish()
      else if (awaited > 1) awaited--
      return true
    },
    forget() {
      stopTimer()
      stopForgetting?.()
      stopForgetting = undefined
      awaited = late = 0
    },
  }
}
