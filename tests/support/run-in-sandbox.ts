import { createHash } from 'node:crypto'
import type { JobSpec } from '../../src/shared/job.ts'
import type { Language } from '../../src/shared/language.ts'
import { type JobOutcome, runJob } from '../../src/worker/jobs/run-job.ts'
import type { JobListener } from '../../src/worker/jobs/run-stage.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { REACHED_LIMITS } from '../../src/worker/sandbox/stage-report.ts'

export const GRACE_MS = 300

/** How a job ended, and what its stages wrote, each stream by itself: the order between two is chance. */
export interface Ran {
  outcome: JobOutcome
  wrote: Record<string, Buffer>
}

/** Runs a job in a sandbox, as a worker does. */
export async function runInSandbox(sandbox: Sandbox, spec: JobSpec, language: Language): Promise<Ran> {
  const pieces: Record<string, Buffer[]> = {}
  const listener: JobListener = {
    stageStarted: () => undefined,
    output: (stage, stream, bytes) => void (pieces[`${stage} ${stream}`] ??= []).push(Buffer.from(bytes)),
    stageEnded: () => undefined,
  }
  const outcome = await runJob(sandbox, spec, language, GRACE_MS, listener, new AbortController().signal)
  if (outcome.reusable) await sandbox.end()
  else await sandbox.destroy()
  const wrote = Object.entries(pieces).map(([name, bytes]) => [name, Buffer.concat(bytes)] as const)
  return { outcome, wrote: Object.fromEntries(wrote) }
}

/** Whether a stream has nothing but what a shell says of its children that got a signal: so often as the signal met one before the shell. */
const isOfTheShell = (stream: string, bytes: Buffer | undefined) =>
  stream.endsWith(' stderr') && bytes !== undefined && /^(?:Terminated\n)+$/.test(bytes.toString())

/** Whether a program that ends at once is seen at such a limit is chance; tests/sandbox/init-reached.test.ts has programs that stay there. */
const isNotGlimpsed = (limit: string) => !REACHED_LIMITS.some((reached) => reached === limit)

/**
 * What two runs of a program that is no game of chance have in common: all but what is measured, what a shell says of children that were
 * ended, whether one that wrote too much came to its own end before it was killed for it, and limits at which init may not have seen it.
 */
export function told({ outcome, wrote }: Ran) {
  const { status, message, stages, reusable, refusedCalls, gathered } = outcome
  return {
    status,
    message,
    reusable,
    refusedCalls,
    wrote: Object.fromEntries(
      Object.entries(wrote)
        .filter(([name, bytes]) => !isOfTheShell(name, bytes))
        .map(([name, bytes]) => [name, short(bytes)]),
    ),
    stages: stages.map((stage) => ({
      ...stage,
      limitsMet: stage.limitsMet.filter(isNotGlimpsed),
      ...(isOfTheShell(`${stage.name} stderr`, wrote[`${stage.name} stderr`]) && { stderrBytes: 0 }),
      ...(stage.status === 'output-limit' && { exitCode: null, signal: 'SIGKILL, or none' }),
      wallMs: 0,
      cpuMs: 0,
      memoryPeakBytes: 0,
      ...(stage.judging && { judging: { ...stage.judging, load: 0, runs: 1 } }),
    })),
    missing: gathered?.missing,
    files: gathered?.files.map(({ path, content }) => `${path} ${short(content)}`),
  }
}

/**
 * The same of one that is: neither what it writes nor how much, nor whether a program that met a time limit went at the first signal or
 * was killed after its grace.
 */
export const ended = ({ wrote, stages, ...rest }: ReturnType<typeof told>) => ({
  ...rest,
  streams: Object.keys(wrote),
  stages: stages.map((stage) => ({
    ...stage,
    signal: stage.status.endsWith('-time-limit') ? 'SIGTERM or SIGKILL' : stage.signal,
    stdoutBytes: 0,
    stderrBytes: 0,
  })),
})

const short = (bytes: Buffer) =>
  bytes.length < 999 ? bytes.toString() : `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`
