import type { Job, Stage, Status } from '../../../src/shared/job.ts'
import type { Expected } from './row.ts'

export const said = (stdout: string | RegExp): Expected => ({ status: 'succeeded', stdout })
export const failed = (stderr: string | RegExp): Expected => ({ status: 'failed', exitCode: 1, stderr })
export const wall = (rest: Partial<Expected> = {}): Expected => ({
  status: 'wall-time-limit',
  signal: 'SIGTERM',
  ...rest,
})
export const memory = (rest: Partial<Expected> = {}): Expected => ({
  status: 'memory-limit',
  signal: 'SIGKILL',
  ...rest,
})
export const tooMuch = (bytes: number, rest: Partial<Expected> = {}): Expected => ({
  status: 'output-limit',
  signal: 'SIGKILL',
  truncated: true,
  check: wroteExactly(bytes),
  ...rest,
})

/** The outcome of a compiled program, whatever its compiler had to say. */
export const ran = (expected: Expected): Expected => ({ ...expected, stages: ['compile', 'run'], of: 'run' })
/** The outcome of a compiler that made nothing to run. */
export const compiling = (status: Status, rest: Partial<Expected>): Expected => ({
  status,
  stages: ['compile'],
  ...rest,
})

/** Both of two tests succeeded, each as the first. */
export const twice = (stdout: string): Expected => ({
  ...said(stdout),
  stages: ['test 1', 'test 2'],
  check: ({ stages }) => {
    const second = stages[1]
    if (second?.status !== 'succeeded' || second.stdout !== stdout)
      throw new Error(`the second test ended otherwise: ${JSON.stringify(second)}`)
  },
})

/** A wall limit before which any program here has said what it says, on a machine that is slow or busy too. */
export const HEARD_MS = 3000
/** Between SIGTERM and SIGKILL, in these tests. */
export const GRACE_MS = 300
/** A bound far beyond what takes a moment, and far below what would last. */
export const SOON_MS = 20_000

export const atLeast = (ms: number) => (_job: Job, stage: Stage) => {
  if (stage.wallMs < ms) throw new Error(`ended after ${stage.wallMs} ms, before ${ms} ms`)
}
export const between = (low: number, high: number) => (_job: Job, stage: Stage) => {
  if (stage.wallMs < low || stage.wallMs > high) throw new Error(`took ${stage.wallMs} ms, not ${low} to ${high} ms`)
}
export const cpuAround = (low: number, high: number) => (_job: Job, stage: Stage) => {
  if (stage.cpuMs < low || stage.cpuMs > high) throw new Error(`used ${stage.cpuMs} ms, not ${low} to ${high} ms`)
}
/** Which of these signals ended it is chance. */
export const endedBy =
  (...signals: string[]) =>
  (_job: Job, stage: Stage) => {
    if (!signals.includes(stage.signal ?? '')) throw new Error(`was ended by ${stage.signal ?? 'no signal'}`)
  }
export const wroteExactly = (bytes: number) => (_job: Job, stage: Stage) => {
  const written = stage.stdoutBytes + stage.stderrBytes
  const kept = Buffer.byteLength(stage.stdout) + Buffer.byteLength(stage.stderr)
  const joined = Buffer.byteLength(stage.output)
  if (written !== bytes || kept !== bytes || joined !== bytes) {
    throw new Error(`reports ${written} bytes, keeps ${kept} and joins ${joined}, not ${bytes}`)
  }
}
export const saysNothingOf = (secret: RegExp) => (job: Job) => {
  if (secret.test(JSON.stringify(job))) throw new Error(`tells its owner of ${String(secret)}`)
}
/** The job keeps so many files, these among them. */
export const leaves =
  (count: number, ...paths: string[]) =>
  ({ artifacts = [] }: Job) => {
    const found = artifacts.map(({ path }) => path)
    const wrong = found.length !== count || paths.some((path) => !found.includes(path))
    if (wrong) throw new Error(`leaves ${found.length} files, ${found.slice(0, 9).join(', ')}`)
  }
