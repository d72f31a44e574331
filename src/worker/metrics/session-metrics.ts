import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { SECOND } from '../../shared/limits.ts'
import { BUCKETS } from '../../shared/metrics/buckets.ts'
import {
  EXECUTION_STATUSES,
  type ExecutionStatus,
  SESSION_ENDS,
  type SessionEnd,
} from '../../shared/sessions/session.ts'

/** What a worker's sessions tell of themselves. */
export interface SessionObserver {
  ended(reason: SessionEnd): void
  /** @param ms from its start, null when it never started */
  executed(status: ExecutionStatus, ms: number | null): void
}

/** Sessions of a worker at this moment. `waiting`: started sandboxes that wait for a session. */
export interface SessionCounts {
  count: number
  waiting: number
  /** What sessions may use together, and those of now, in bytes. */
  memoryBytes: number
  usedBytes: number
}

export interface SessionMetrics {
  observer: SessionObserver
  /** Sets what is of this moment. */
  set(now: SessionCounts): void
}

export function createSessionMetrics(registers: Registry[]): SessionMetrics {
  const gauge = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Gauge({ name: `runyard_${name}`, help, labelNames, registers })
  const sessions = gauge('sessions', 'Sessions of the worker, and started sandboxes that wait for one', ['state'])
  const used = gauge('sessions_memory_bytes', 'Memory limits of the sessions together')
  const limit = gauge('sessions_memory_limit_bytes', 'What they may be: SESSIONS_MEMORY_BYTES')
  const ends = new Counter({
    name: 'runyard_sessions_ended_total',
    help: 'Sessions that ended, by why',
    labelNames: ['reason'],
    registers,
  })
  const executions = new Histogram({
    name: 'runyard_session_execution_seconds',
    help: 'Executions in sessions, from their start',
    labelNames: ['status'],
    buckets: BUCKETS.job,
    registers,
  })
  // There from the start: of a series that begins with 1 no rate can tell the first.
  for (const reason of Object.keys(SESSION_ENDS)) ends.inc({ reason }, 0)
  for (const status of EXECUTION_STATUSES) executions.zero({ status })
  return {
    observer: {
      ended: (reason) => ends.inc({ reason }),
      executed(status, ms) {
        if (ms !== null) executions.observe({ status }, ms / SECOND)
      },
    },
    set({ count, waiting, memoryBytes, usedBytes }) {
      sessions.set({ state: 'running' }, count)
      sessions.set({ state: 'waiting' }, waiting)
      used.set(usedBytes)
      limit.set(memoryBytes)
    },
  }
}
