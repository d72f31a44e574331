import { AgentFault } from './agent-decoder.ts'
import { type Agent, AgentRefusal } from './agent.ts'

/** What each process of a session has used, in milliseconds, and its children that it has waited for. By its pid and when it started. */
type ProcessTimes = ReadonlyMap<string, number>

export interface ProcessLook {
  times: ProcessTimes
  /** Whether all that were listed could be read. One that could not may have been waited for after its parent was read: then nobody has its time. */
  isWhole: boolean
}

/** What the files count in, on every machine that Linux has for programs: USER_HZ is 100. */
const TICK_MS = 10
const STAT_BYTES = 1024
/** What else `/proc` names, and processes that end while it is listed. */
const MORE_NAMES = 1024

/**
 * Reads the times of all processes in `/proc/[pid]/stat` (proc(5)). Programs cannot write there, but the agent is believed no more than one: how
 * much it may say is bounded.
 * @param processes how many the session may have at a time
 * @throws from the function that reads: AgentRefusal, AgentFault, or what ended the agent
 */
export function createProcessTimes(agent: Pick<Agent, 'list' | 'read'>, processes: number): () => Promise<ProcessLook> {
  const most = 2 * processes + MORE_NAMES
  const pids = async (): Promise<Set<number>> => {
    const found = new Set<number>()
    for (let seen = 0, all = 1; seen < all;) {
      const { entries, total } = await agent.list('/proc', seen)
      for (const { name } of entries) if (/^\d/.test(name)) found.add(pidOf(name))
      if (total > most || found.size > most) throw new AgentFault('the agent lists more processes than there can be')
      all = entries.length === 0 ? 0 : total
      seen += entries.length
    }
    return found
  }
  const timeOf = (pid: number): Promise<[string, number] | undefined> =>
    agent.read(`/proc/${pid}/stat`, 0, STAT_BYTES).then(({ bytes }) => {
      const { startTicks, usedMs } = timesIn(bytes.toString('latin1'))
      return [`${pid} ${startTicks}`, usedMs]
    }, ifGone)
  return async () => {
    const read = await Promise.all([...(await pids())].map(timeOf))
    const times = new Map(read.filter((time) => time !== undefined))
    return { times, isWhole: times.size === read.length }
  }
}

/** @throws AgentFault */
function pidOf(name: string): number {
  if (name.startsWith('0')) throw new AgentFault('the agent lists a process that cannot be')
  return natural(name)
}

/**
 * Fields 14 to 17 of `/proc/[pid]/stat`, utime, stime, cutime and cstime, and 22, starttime. The name before them may have anything in it, brackets
 * too.
 * @throws AgentFault
 */
function timesIn(stat: string): { startTicks: number; usedMs: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).map(natural)
  const usedMs = ticks.reduce((sum, one) => sum + one, 0) * TICK_MS
  if (ticks.length < 4 || !Number.isSafeInteger(usedMs))
    throw new AgentFault('the agent tells of a time that cannot be')
  return { startTicks: natural(fields[19] ?? ''), usedMs }
}

/** @throws AgentFault when it is none, or too large to be told apart from others */
function natural(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new AgentFault('the agent wrote a number of a process that is none')
}

/** It had ended when its file was to be opened, or to be read. */
function ifGone(error: unknown): undefined {
  const ENOENT = 2
  const ESRCH = 3
  if (!(error instanceof AgentRefusal && (error.errno === ENOENT || error.errno === ESRCH))) throw error
}
