import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What `/proc` tells. Whatever has ended meanwhile counts as not there. */

export const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

const GONE_MS = 60_000

/** The arguments it was started with. */
export const commandLine = (pid: number): string[] => read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1)

export const childrenOf = (pid: number): number[] =>
  read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)

/** Neither ended nor waiting to be reaped. */
export const isAlive = (pid: number): boolean => /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`))

/** The id of the container it runs in. */
export const containerOf = (pid: number): string | undefined => /[0-9a-f]{64}/.exec(read(`/proc/${pid}/cgroup`))?.[0]

/** Resident set, in bytes; 0 when it has ended. */
export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024

/**
 * How many processes of this machine sleep in a function of the kernel.
 * @param word of their command lines, which no other test file's have: those run beside this one
 */
export const sleepers = (name: string, word: string): number =>
  sleepersAt(name).filter((pid) => read(`/proc/${pid}/cmdline`).includes(word)).length

/** All processes of this machine that sleep in a function of the kernel, those of other test files among them. */
export const sleepersAt = (name: string): number[] =>
  allPids().filter((pid) => read(`/proc/${pid}/wchan`).includes(name))

/** Whether a process has something at this absolute path of its own root. */
export const hasPath = (pid: number, path: string): boolean => existsSync(`/proc/${pid}/root${path}`)

/** Where whoever opens a FIFO sleeps until another does: an interpreter that waits for its program. */
export const AT_A_FIFO = 'wait_for_partner'

/** Open file descriptors. */
export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** Processes of this machine that belong to one of the containers: in its control group, or with its id among its arguments. */
export function processesOf(containers: ReadonlySet<string>): number[] {
  const mentions = (text: string) => [...containers].some((id) => text.includes(id))
  return allPids().filter((pid) => mentions(read(`/proc/${pid}/cgroup`)) || mentions(read(`/proc/${pid}/cmdline`)))
}

/**
 * Those of the containers' processes that live on behind them. What conmon starts behind a container looks every 100 ms whether
 * that is gone, so it may be a moment behind the removal; and whoever ended may wait to be reaped by others.
 */
export async function outlivingProcesses(containers: ReadonlySet<string>): Promise<string[]> {
  for (const deadline = Date.now() + GONE_MS; ; await sleep(20)) {
    const alive = processesOf(containers).filter(isAlive)
    if (alive.length === 0 || Date.now() > deadline) return alive.map((pid) => `${pid}: ${commandLine(pid).join(' ')}`)
  }
}

/** Mounts of this machine that belong to one of the containers. */
export function mountsOf(containers: ReadonlySet<string>): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => [...containers].some((id) => line.includes(id)))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
