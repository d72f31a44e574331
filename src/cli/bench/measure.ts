import { setTimeout as sleep } from 'node:timers/promises'
import type { CodeRequest, Job } from '../../client/client.ts'
import { RunyardError } from '../../client/runyard-error.ts'
import { quantile, trustedQuantile } from './quantile.ts'
import type { SendJob } from './send-job.ts'

/** What came of so many jobs kept in flight for a while. */
export interface Level {
  inFlight: number
  /** For how long, until the last answer. */
  seconds: number
  /** Those that ended as they must. */
  jobs: number
  jobsPerSecond: number
  /** Of a request, until its answer. Null where there are too few answers to tell. */
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
  maxMs: number | null
  /** Of the program itself, in the middle. */
  programP50Ms: number | null
  /** By code: one of the service's, `unreachable`, or `wrong-answer`. */
  errors: Record<string, number>
}

export interface MeasureOptions {
  send: SendJob
  request: CodeRequest
  /** What is wrong with a job, if anything is. */
  check: (job: Job) => string | undefined
  inFlight: number
  seconds: number
  signal: AbortSignal
  /** Told how many have ended, after each. */
  progress: (jobs: number) => void
}

/** Who is turned away would otherwise ask again at once, and measure that. */
const PAUSE_MS = 250

/**
 * Keeps so many jobs in flight for a while; those in flight at its end are waited for and counted.
 * @throws the error of the first answer of 429 `rate-limited`: what would come after it is the limit and not the service, and
 *   each counts against the caller; the signal's reason
 */
export async function measure(options: MeasureOptions): Promise<Level> {
  const { send, request, check, inFlight, seconds, signal, progress } = options
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const latencies: number[] = []
  const programs: number[] = []
  const errors: Record<string, number> = {}
  const count = (code: string) => (errors[code] = (errors[code] ?? 0) + 1)
  const from = performance.now()
  const elapsed = () => (performance.now() - from) / 1000
  const lane = async () => {
    while (elapsed() < seconds) {
      try {
        const { job, latencyMs } = await send(request, either)
        if (check(job) === undefined) {
          latencies.push(latencyMs)
          programs.push(job.stages.reduce((sum, { wallMs }) => sum + wallMs, 0))
          progress(latencies.length)
        } else count('wrong-answer')
      } catch (error) {
        either.throwIfAborted()
        if (!(error instanceof RunyardError) || error.code === 'rate-limited') throw error
        count(error.code)
        await sleep(PAUSE_MS, undefined, { signal: either })
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: inFlight }, lane))
  } finally {
    stop.abort()
  }
  const took = elapsed()
  latencies.sort((a, b) => a - b)
  programs.sort((a, b) => a - b)
  return {
    inFlight,
    seconds: took,
    jobs: latencies.length,
    jobsPerSecond: latencies.length / took,
    p50Ms: trustedQuantile(latencies, 0.5),
    p95Ms: trustedQuantile(latencies, 0.95),
    p99Ms: trustedQuantile(latencies, 0.99),
    maxMs: latencies.at(-1) ?? null,
    programP50Ms: programs.length === 0 ? null : quantile(programs, 0.5),
    errors,
  }
}
