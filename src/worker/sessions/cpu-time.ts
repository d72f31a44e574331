import { availableParallelism } from 'node:os'
import { SECOND } from '../../shared/limits.ts'
import { AgentFault } from './agent-decoder.ts'
import { type Agent, AgentRefusal } from './agent.ts'
import type { Clock } from './context.ts'

/**
 * CPU time of all processes of a session, those that have ended too: the sum of what each process in `/proc/[pid]/stat` (proc(5)) used
 * itself and what those of its children used that it has waited for. All that nobody else waits for is taken in by the first process of the
 * cell. Programs cannot write there; but time of a child that ends unwaited, since its parent ignores SIGCHLD, is lost with it.
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

/** What the files count in, on every machine that Linux has for programs: USER_HZ is 100. */
const TICK_MS = 10
const STAT_BYTES = 1024
/** As often is it looked again while processes come and go. */
const MOST_LOOKS = 3
/** Looks at an execution lie so far apart at least, and so much for each process: a session must not keep its worker busy with them. */
const LEAST_MS = 200
const PROCESS_MS = 10
/** And so far at most: the machine may have more processors than is known here. */
const MOST_MS = 5 * SECOND

/** @param failed is told when the agent cannot be believed any more */
export function createCpuTime(agent: Pick<Agent, 'list' | 'read'>, failed: (error: Error) => void): CpuTime {
  let most = 0
  /** Lowest first: mostly those come before their children. */
  const processes = async (): Promise<number[]> => {
    const found: number[] = []
    for (let seen = 0, all = 1; seen < all;) {
      const { entries, total } = await agent.list('/proc', seen)
      found.push(...entries.map(({ name }) => Number(name)).filter((pid) => pid > 0))
      all = entries.length === 0 ? 0 : total
      seen += entries.length
    }
    return found.sort((a, b) => a - b)
  }
  const timeOf = (pid: number): Promise<number> =>
    agent.read(`/proc/${pid}/stat`, 0, STAT_BYTES).then(({ bytes }) => cpuMsOf(bytes.toString('latin1')), ifGone)

  // The agent does one after another. So a process that ends while it is looked is missing or counts once, and never twice: who waits for it was
  // looked at before. What is read is the least that was used, and the most of several looks the best.
  const look = async (): Promise<UsedTime> => {
    let before = await processes()
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const times = await Promise.all(before.map(timeOf))
      most = Math.max(
        most,
        times.reduce((sum, time) => sum + time, 0),
      )
      const after = await processes()
      if (after.join() === before.join()) break
      before = after
    }
    return { usedMs: most, processes: before.length }
  }
  return {
    read: () =>
      look().catch((error: unknown) => {
        if (error instanceof AgentFault) failed(error)
        throw error
      }),
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

/** Fields 14 to 17 of `/proc/[pid]/stat`: utime, stime, cutime, cstime. The name before them may have anything in it, brackets too. */
function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return fields.length > 14 && Number.isFinite(ticks) ? ticks * TICK_MS : 0
}

/** It had ended when its file was to be opened, or to be read. */
function ifGone(error: unknown): number {
  const ENOENT = 2
  const ESRCH = 3
  if (error instanceof AgentRefusal && (error.errno === ENOENT || error.errno === ESRCH)) return 0
  throw error
}
