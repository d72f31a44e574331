import type { CodeRequest, Job, Runtime } from '../../client/client.ts'
import { RunyardError } from '../../client/runyard-error.ts'
import { EXIT, ExitError } from '../exit.ts'
import { verdict } from '../jobs/show-events.ts'
import { type Level, measure } from './measure.ts'
import { quantile } from './quantile.ts'
import { RAISE_RATE } from './render-bench.ts'
import type { Rate, SendJob } from './send-job.ts'

export interface BenchOptions {
  send: SendJob
  request: CodeRequest
  /** What the program must write; undefined for a program of the caller's own, which need only succeed. */
  expected: string | undefined
  inFlight: readonly number[]
  /** Of each number in flight. */
  seconds: number
  signal: AbortSignal
  /** Told of each number in flight how many jobs have ended. */
  progress: (inFlight: number, jobs: number) => void
}

/** Sandboxes are made and caches filled by the first; what the others take is what is asked for. */
const WARM_UP_JOBS = 3

/**
 * Measures a running service from outside, as its callers see it.
 * @throws ExitError when the program does not do what it must, or the rate of the caller is too low to measure the service;
 *   RunyardError for a warm-up that is not answered; the signal's reason
 */
export async function bench(options: BenchOptions): Promise<{ version: string | null; levels: Level[] }> {
  const { send, request, inFlight, seconds, signal, progress } = options
  const check = (job: Job) => faultOf(job, options.expected)
  let version: string | null = null
  const latencies: number[] = []
  for (let i = 0; i < WARM_UP_JOBS; i++) {
    const { job, latencyMs, rate } = await send(request, signal).catch(rateTooLow)
    version = job.version
    const fault = check(job)
    if (fault !== undefined) throw new ExitError(1, `nothing was measured: ${fault}`)
    latencies.push(latencyMs)
    if (i === WARM_UP_JOBS - 1) requireRate(rate, latencies, inFlight.length * seconds)
  }
  const levels: Level[] = []
  for (const count of inFlight) {
    const level = { send, request, check, inFlight: count, seconds, signal }
    levels.push(await measure({ ...level, progress: (jobs) => progress(count, jobs) }).catch(rateTooLow))
  }
  return { version, levels }
}

/** The program that a language says hello with. @throws ExitError when there is none to run */
export function helloOf(runtimes: readonly Runtime[], language: string): Runtime {
  const wanted = language.toLowerCase()
  const found = runtimes.find((one) => one.language === wanted || one.aliases.includes(wanted))
  const installed = runtimes.filter((one) => one.installed).map((one) => one.language)
  if (found?.installed) return found
  const what = found ? `${found.language} is not installed there` : `unknown language "${language}"`
  throw new ExitError(EXIT.usage, `--language: ${what}; installed are ${installed.join(', ') || 'none'}`)
}

function faultOf(job: Job, expected: string | undefined): string | undefined {
  if (job.status !== 'succeeded')
    return `job ${job.id} ended with ${job.status ?? job.state}: ${verdict(job) ?? 'its exit code was not 0'}`
  const written = job.stages.at(-1)?.stdout
  if (expected === undefined || written === expected) return undefined
  return `job ${job.id} wrote ${JSON.stringify(written)} instead of ${JSON.stringify(expected)}`
}

/** @throws ExitError when less may be submitted than one after the other would, so that every result measured the rate */
function requireRate(rate: Rate | null, latencies: readonly number[], seconds: number): void {
  if (rate === null || rate.mostPerMinute === null) return
  const usual = quantile(
    latencies.toSorted((a, b) => a - b),
    0.5,
  )
  const needed = (seconds * 1000) / usual
  if (rate.burst + (rate.mostPerMinute * seconds) / 60 >= needed) return
  throw new ExitError(
    EXIT.tooMany,
    [
      `nothing was measured: about ${Math.round(rate.perMinute)} jobs a minute may be submitted here, ${rate.burst} at once, and one job`,
      `after the other makes ${Math.round(60_000 / usual)}: every result would measure that rate.`,
      RAISE_RATE,
    ].join('\n'),
  )
}

/** @throws what it is given, with what to do when it is the caller's rate */
function rateTooLow(error: unknown): never {
  if (!(error instanceof RunyardError) || error.code !== 'rate-limited') throw error
  throw new ExitError(
    EXIT.tooMany,
    `stopped, since the results would measure the rate limit and not the service: ${error.detail}.\n${RAISE_RATE}`,
  )
}
