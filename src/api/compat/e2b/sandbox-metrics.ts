import type { Response } from 'express'
import { v7 as uuid } from 'uuid'
import { KIB, SECOND } from '../../../shared/limits.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { sessionOf } from '../../sessions/needs.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { HOME } from './sandbox-paths.ts'

/** What a sandbox uses now. */
export interface SandboxMetric {
  timestamp: string
  timestampUnix: number
  cpuCount: number
  /** Of one processor. */
  cpuUsedPct: number
  memUsed: number
  memTotal: number
  memCache: number
  diskUsed: number
  diskTotal: number
}

/** Stands between the parts of what is written. No name of a process has it, of 15 bytes at most, though one may have line ends. */
export const MARK = '=== next part ==='
const NEXT = `echo '${MARK}'`
const LOOK = 'cat /proc/uptime /proc/[0-9]*/stat 2>/dev/null'
/** Looks twice, a quarter of a second apart, at all processes of the sandbox, and at the file system of its folder. */
const SCRIPT = `getconf CLK_TCK; getconf PAGESIZE; ${NEXT}; ${LOOK}; sleep 0.25; ${NEXT}; ${LOOK}; ${NEXT}; df -kP .`
const LOOK_MS = 5 * SECOND

/** Looks at what a sandbox uses, by a command in it. @returns undefined when the command did not come to its end */
export async function readMetric(
  { sessions }: Pick<E2bNeeds, 'sessions'>,
  res: Response,
  session: Session,
): Promise<SandboxMetric | undefined> {
  const { value } = await sessions.calls.call(
    sessionOf(res, session.id),
    'runCommand',
    {
      id: uuid(),
      argv: ['/bin/sh', '-c', SCRIPT],
      env: {},
      cwd: HOME,
      background: true,
      timeoutMs: LOOK_MS,
      outputBytes: session.limits.outputBytes,
      interactive: false,
      terminal: null,
      warnings: [],
      waitMs: LOOK_MS,
    },
    { waitMs: LOOK_MS },
  )
  return value.status === 'succeeded' ? metricOf(value.stdout, session.limits.memoryBytes, new Date()) : undefined
}

/** @param text of the script. @returns undefined when it is not what the script writes */
export function metricOf(text: string, memoryBytes: number, at: Date): SandboxMetric | undefined {
  const [units = '', first = '', second = '', disk = ''] = text.split(`${MARK}\n`)
  const [ticks = NaN, pageBytes = NaN] = units.split('\n').map(Number)
  const [before, after] = [lookedAt(first), lookedAt(second)]
  const [, total = '', used = ''] = disk.trim().split('\n').at(-1)?.trim().split(/\s+/) ?? []
  const seconds = after.uptime - before.uptime
  // One that has ended meanwhile is left out.
  const spent = [...after.ticks].reduce((sum, [pid, now]) => sum + Math.max(0, now - (before.ticks.get(pid) ?? 0)), 0)
  const metric = {
    timestamp: at.toISOString(),
    timestampUnix: Math.floor(at.getTime() / SECOND),
    cpuCount: 1,
    cpuUsedPct: Math.round((spent / ticks / seconds) * 10_000) / 100,
    memUsed: after.pages * pageBytes,
    memTotal: memoryBytes,
    memCache: 0,
    diskUsed: Number(used) * KIB,
    diskTotal: Number(total) * KIB,
  }
  return Object.values(metric).every((value) => typeof value === 'string' || Number.isFinite(value))
    ? metric
    : undefined
}

/** `/proc/[pid]/stat`: proc(5). A name in brackets may have anything in it, brackets and line ends too, but not as many numbers as follow it. */
const STAT = /^(\d+) \([^]{0,64}?\) [A-Za-z]((?: -?\d+){21,})$/gm

/** `/proc/uptime`, and of each process its fields 14, 15 and 24. */
function lookedAt(text: string): { uptime: number; ticks: Map<string, number>; pages: number } {
  const ticks = new Map<string, number>()
  let pages = 0
  for (const [, pid = '', numbers = ''] of text.matchAll(STAT)) {
    // The fields from the fourth on.
    const fields = numbers.trim().split(' ').map(Number)
    ticks.set(pid, (fields[10] ?? 0) + (fields[11] ?? 0))
    pages += fields[20] ?? 0
  }
  return { uptime: Number(text.split(' ', 1)[0]), ticks, pages }
}
