import type { CodeRequest, Job } from '../../client/client.ts'
import { createHttp, type HttpOptions } from '../../client/http.ts'
import { RunyardError } from '../../client/runyard-error.ts'

/** The service waits so long for the end of a job before it answers, in seconds. */
const WAIT_SECONDS = 60
/** Beyond that, an answer is not going to come. */
const ANSWER_MS = (WAIT_SECONDS + 30) * 1000

/** What a caller may submit, as far as the service's headers tell: they round to whole seconds. */
export interface Rate {
  /** At once, after a pause. */
  burst: number
  /** At least so many. */
  perMinute: number
  /** At most so many; null when that cannot be told. */
  mostPerMinute: number | null
}

export interface Sent {
  job: Job
  /** From the request's first byte to the answer's last. */
  latencyMs: number
  /** Null when the service does not say. */
  rate: Rate | null
}

/** Submits a job and waits for its end in one request, never made again: each is measured. @throws RunyardError */
export type SendJob = (request: CodeRequest, signal: AbortSignal) => Promise<Sent>

export function jobSender(options: HttpOptions): SendJob {
  const http = createHttp(options)
  return async (body, signal) => {
    const from = performance.now()
    const headers = { prefer: `wait=${WAIT_SECONDS}` }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const answer = await http.once('/v1/jobs', { method: 'POST', headers, body }, limit)
    const job = (await answer.json()) as Job
    const latencyMs = performance.now() - from
    if (job.status === null) {
      const detail = `job ${job.id} had not ended after ${WAIT_SECONDS} s`
      throw new RunyardError({ code: 'wait-timeout', status: answer.status, detail })
    }
    return { job, latencyMs, rate: rateOf(answer.headers.get('ratelimit-policy')) }
  }
}

/** `"submit";q=10;w=10`: a burst, and the seconds, rounded up, in which it comes back. */
export function rateOf(policy: string | null): Rate | null {
  const [, burst, seconds] = /"submit";q=(\d+);w=(\d+)/.exec(policy ?? '') ?? []
  if (burst === undefined || seconds === undefined || Number(seconds) === 0) return null
  const [atOnce, window] = [Number(burst), Number(seconds)]
  const mostPerMinute = window === 1 ? null : (atOnce * 60) / (window - 1)
  return { burst: atOnce, perMinute: (atOnce * 60) / window, mostPerMinute }
}
