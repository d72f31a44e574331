import { DEFAULT_LIMITS } from '../../../../shared/limits.ts'
import type { Job, JobSummary, Stage } from '../../../../shared/job.ts'
import type { RunResult } from '../../../../shared/run-result.ts'

export const JOB_ID = '01989f3c-6d2e-7a41-9c1b-2f6d0e8a5b77'
export const BATCH_ID = '01989f3c-70aa-7c02-8e5d-93b1f4d2c6e0'

const SILENT = {
  exitCode: 0,
  signal: null,
  memoryPeakBytes: 9_437_184,
  stdout: '',
  stderr: '',
  output: '',
  encoding: 'utf-8',
  stdoutBytes: 0,
  stderrBytes: 0,
  truncated: false,
  limitsMet: [],
} as const satisfies Partial<Stage>

const helloStage: Stage = {
  ...SILENT,
  name: 'run',
  status: 'succeeded',
  wallMs: 11.4,
  cpuMs: 10.2,
  stdout: 'Hello, world!\n',
  output: 'Hello, world!\n',
  stdoutBytes: 14,
}

/** As it is accepted. */
export const queuedJob: Job = {
  id: JOB_ID,
  kind: 'code',
  state: 'queued',
  status: null,
  message: null,
  language: 'python',
  version: '3.13.5',
  image: null,
  interactive: false,
  limits: DEFAULT_LIMITS,
  metadata: {},
  warnings: [],
  createdAt: '2027-01-31T12:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  attempt: 0,
  stages: [],
}

export const finishedJob: Job = {
  ...queuedJob,
  state: 'finished',
  status: 'succeeded',
  startedAt: '2027-01-31T12:00:00.004Z',
  finishedAt: '2027-01-31T12:00:00.018Z',
  attempt: 1,
  stages: [helloStage],
}

/** A C program that does not compile. */
export const uncompiledJob: Job = {
  ...finishedJob,
  status: 'compile-failed',
  language: 'c',
  version: '14.2.0',
  stages: [
    {
      ...SILENT,
      name: 'compile',
      status: 'compile-failed',
      exitCode: 1,
      wallMs: 48.1,
      cpuMs: 31.7,
      stderr: "main.c:1:12: error: expected declaration specifiers or '...' before numeric constant\n",
      output: "main.c:1:12: error: expected declaration specifiers or '...' before numeric constant\n",
      stderrBytes: 85,
    },
  ],
}

export const cancelledJob: Job = { ...finishedJob, state: 'cancelled', status: 'cancelled', stages: [] }

/** The job without its output. */
export const summaryOf = (job: Job): JobSummary => ({
  ...job,
  stages: job.stages.map(({ stdout: _o, stderr: _e, output: _b, encoding: _c, ...rest }) => rest),
})

const { name: _name, status: _status, judging: _judging, ...helloMeasurements } = helloStage

export const helloResult: RunResult = {
  id: JOB_ID,
  status: 'succeeded',
  message: null,
  language: 'python',
  version: '3.13.5',
  image: null,
  ...helloMeasurements,
  compile: null,
  tests: [],
}

export const limitedResult: RunResult = {
  ...helloResult,
  status: 'wall-time-limit',
  message: 'the wall time limit of 500 ms was reached',
  exitCode: null,
  signal: 'SIGTERM',
  wallMs: 501.2,
  cpuMs: 12.8,
  stdout: 'begun\n',
  output: 'begun\n',
  stdoutBytes: 6,
}

const event = (id: string, type: string, data: unknown) =>
  `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`

/** The events of the finished job, as they go over the wire. */
export const eventStream = [
  'retry: 1000\n\n',
  event('1801396800000-0', 'state', { state: 'queued', attempt: 0 }),
  event('1801396800004-0', 'state', { state: 'running', attempt: 1 }),
  event('1801396800004-1', 'stage', { stage: 'run', phase: 'started' }),
  event('1801396800016-0', 'stdout', { stage: 'run', data: 'Hello, world!\n', encoding: 'utf-8' }),
  event('1801396800018-0', 'stage', { stage: 'run', phase: 'ended', report: summaryOf(finishedJob).stages[0] }),
  event('1801396800018-1', 'state', { state: 'finished', attempt: 1 }),
  event('1801396800018-2', 'result', summaryOf(finishedJob)),
].join('')
