import { v7 as uuid } from 'uuid'
import { DEFAULT_LIMITS } from '../../../src/shared/limits.ts'
import type { JobSummary, StageSummary } from '../../../src/shared/job.ts'

const stage: StageSummary = {
  name: 'run',
  status: 'succeeded',
  exitCode: 0,
  signal: null,
  wallMs: 12,
  cpuMs: 9,
  memoryPeakBytes: 8_000_000,
  stdoutBytes: 15,
  stderrBytes: 0,
  truncated: false,
  limitsMet: [],
}

/** A job that has succeeded, with an id of its own. */
export function finishedJob(fields: Partial<JobSummary> = {}): JobSummary {
  return {
    id: uuid(),
    kind: 'code',
    state: 'finished',
    status: 'succeeded',
    message: null,
    language: 'python',
    version: '3.13.0',
    image: null,
    interactive: false,
    limits: DEFAULT_LIMITS,
    metadata: { order: 7, text: 'ü' },
    warnings: [],
    createdAt: '2027-01-01T00:00:00.000Z',
    startedAt: '2027-01-01T00:00:01.000Z',
    finishedAt: '2027-01-01T00:00:02.000Z',
    attempt: 1,
    stages: [stage],
    ...fields,
  }
}
