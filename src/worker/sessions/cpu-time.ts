import { availableParallelism } from 'node:os'
import { SECOND } from '../../shared/limits.ts'
import { AgentFault } from './agent-decoder.ts'
import { type Agent, AgentRefusal } from './agent.ts'
import type { Clock } from './clock.ts'
import { createProcessTimes, type ProcessLook } from './process-times.ts'
import { SYSTEM_ERRORS } from './system-errors.ts'

/**
 * CPU time of all processes of a session, those that have ended too: the sum of what each used itself and what those of its children used that it
 * has waited for. All that nobody else waits for is taken in by the first process of the cell. A child whose parent ignores SIGCHLD takes its time
 * with it when it ends; what was seen of that stays counted.
 */
export interface CpuTime {
  /** @throws AgentRefusal, or what ended the agent */
  read(): Promise<UsedTime>
}

export interface UsedTime {
  /** Never less than before. */
  usedMs: number
  /** How many there are now. */
  processes: number
}

/** As often is it looked again while processes end. */
const MOST_LOOKS = 3
/** Looks at an execution lie so far apart at least, and so much for each process: a session must not keep its worker busy with them. */
const LEAST_MS = 200
const PROCESS_MS = 10
/** And so far at most: the machine may have more processors than is known here. */
const MOST_MS = 5 * SECOND
/** What a read has before somebody who waits for it, on a machine that is not slow. */
const READ_MS = 10 * SECOND

/**
 * @param processes how many the session may have at a time
 * @param failed is told when the agent cannot be believed any more
 */
export function createCpuTime(
  agent: Pick<Agent, 'list' | 'read'>,
  processes: number,
  failed: (error: Error) => void,
): CpuTime {
  const timesNow = createProcessTimes(agent, processes)
  /** The sum that was seen last, and what earlier ones had beyond those that followed. */
  let seenMs = 0
  let lostMs = 0
  /** The look under way or the last one, and the one behind it, which all share that come meanwhile. */
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<UsedTime> | undefined

  // A sum over processes that are there before and after counts nobody twice, in whatever order they were looked at: who is there still has not been
  // waited for. Without those that ended meanwhile it is the least that was used. When none did, less than before means that some is lost.
  const note = (before: ProcessLook, after: ProcessLook): { isWhole: boolean } => {
    let sum = 0
    let { isWhole } = before
    for (const [process, usedMs] of before.times) {
      if (after.times.has(process)) sum += usedMs
      else isWhole = false
    }
    if (isWhole && sum < seenMs) lostMs += seenMs - sum
    seenMs = isWhole ? sum : Math.max(seenMs, sum)
    if (!Number.isSafeInteger(seenMs + lostMs)) throw new AgentFault('the agent tells of a time that cannot be')
    return { isWhole }
  }
  const look = async (): Promise<UsedTime> => {
    next = undefined
    let before = await timesNow()
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const after = await timesNow()
      const { isWhole } = note(before, after)
      before = after
      if (isWhole) break
    }
    return { usedMs: seenMs + lostMs, processes: before.times.size }
  }
  const lookAtLast = () =>
    look().catch((error: unknown) => {
      if (error instanceof AgentFault) failed(error)
      throw error
    })
  return {
    read() {
      next ??= last.then(lookAtLast, lookAtLast)
      last = next
      return next
    },
  }
}

/**
 * Waits until the processes of a session have used more than so much.
 * @param from what they had used before
 * @param over is called once, unless it is stopped
 * @returns a function that stops it
 */
export function watchCpuTime(
  { cpu, clock, processors = availableParallelism() }: { cpu: CpuTime; clock: Clock; processors?: number },
  from: UsedTime,
  cpuMs: number,
  over: () => void,
): () => void {
  let isStopped = false
  let stopTimer = () => {}
  const look = ({ usedMs, processes }: UsedTime) => {
    const leftMs = from.usedMs + cpuMs - usedMs
    if (leftMs < 0 && !isStopped) over()
    // Before that they cannot have used it.
    else wait(Math.max(Math.ceil(leftMs / processors), LEAST_MS + PROCESS_MS * processes))
  }
  const wait = (ms: number) => {
    if (isStopped) return
    stopTimer = clock.after(Math.min(ms, MOST_MS), () => {
      // The agent may lack memory or a descriptor now. When it is gone, so is what runs.
      cpu.read().then(look, (error: unknown) => error instanceof AgentRefusal && wait(MOST_MS))
    })
  }
  look(from)
  return () => {
    isStopped = true
    stopTimer()
  }
}

/**
 * Reads what the processes of a session have used, for somebody who waits for it.
 * @param whenRead is called once, unless it is stopped before
 * @param refused is called in its place, with why, when the system refuses that or it takes too long. What ends the session calls neither in time
 * @returns a function that stops it
 */
export function readCpuTime(
  { cpu, clock, timeoutFactor = 1 }: { cpu: CpuTime; clock: Clock; timeoutFactor?: number },
  whenRead: (used: UsedTime) => void,
  refused: (why: string) => void,
): () => void {
  const readMs = READ_MS * timeoutFactor
  let isOver = false
  const finish = (task: () => void) => {
    if (isOver) return
    isOver = true
    stopTimer()
    task()
  }
  const stopTimer = clock.after(readMs, () =>
    finish(() => refused(`the CPU time of the session could not be read within ${readMs / SECOND} s`)),
  )
  cpu.read().then(
    (used) => finish(() => whenRead(used)),
    (error: unknown) => {
      if (!(error instanceof AgentRefusal)) return
      const why = SYSTEM_ERRORS[error.errno]?.[1] ?? `fails (error ${error.errno})`
      finish(() => refused(`reading the CPU time of the session ${why}`))
    },
  )
  return () => finish(() => undefined)
}
