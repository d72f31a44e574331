import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/shared/job.ts'
import type { JobSummary } from '../../src/shared/job.ts'
import { type Exchange, faultsOf } from './conformance.ts'
import { eventsOf, type ReceivedEvent } from './read-events.ts'

/** A client as one should be written: it repeats what was not answered or answered 503, under the same Idempotency-Key. */
export interface PatientClient {
  /** @returns the id of the accepted job. @throws Error for any answer but 202 and 503 */
  submit(request: Record<string, unknown>, key: string): Promise<string>
  /** The job when it has ended; as it is when the time is over. @throws Error when there is no such job (any more) */
  untilEnded(id: string, deadline: number): Promise<Job>
  read(id: string): Promise<Job>
  /** All jobs of the tenant, page by page. */
  list(): Promise<JobSummary[]>
  /**
   * The events of a job from the first to its result, each once: a stream that breaks off goes on where it was. Ends when
   * `signal` aborts. @throws what breaks it off for good
   */
  events(id: string, signal: AbortSignal): AsyncGenerator<ReceivedEvent, void, undefined>
  readonly counts: ClientCounts
}

export interface ClientCounts {
  requests: number
  /** Answers 503 with `Retry-After`, and without. */
  unavailable: number
  unavailableWithoutTime: number
  /** No answer: refused, broken off, or none in time. */
  broken: number
  /** Any other answer that is not a success, and any that is not as the OpenAPI document has it: what it was. */
  failed: string[]
}

export interface PatientClientOptions {
  /** Called for a gateway before it is asked; false: another one is. */
  serves?: (gateway: number) => boolean
  /** The longest it waits, whatever `Retry-After` says. */
  mostPauseMs: number
  /** Of every request: who it is. */
  headers?: Record<string, string>
  /** After so long without an answer it repeats a request, beside the time that the request asks the service to wait. */
  requestMs?: number
}

const REQUEST_MS = 30_000
const BROKEN_PAUSE_MS = 100
const GIVE_UP_MS = 120_000

export function createPatientClient(
  urls: readonly string[],
  { serves = () => true, mostPauseMs, headers: own = {}, requestMs = REQUEST_MS }: PatientClientOptions,
): PatientClient {
  const counts: ClientCounts = { requests: 0, unavailable: 0, unavailableWithoutTime: 0, broken: 0, failed: [] }
  let turn = 0
  const nextUrl = (): string => {
    for (const _ of urls) {
      turn = (turn + 1) % urls.length
      if (serves(turn)) break
    }
    return urls[turn] ?? ''
  }

  const call = async (path: string, request: RequestInit, accepts: readonly number[], waitMs = 0) => {
    const init = { ...request, headers: { ...own, ...(request.headers as Record<string, string> | undefined) } }
    for (const deadline = Date.now() + GIVE_UP_MS; ;) {
      counts.requests++
      let response: Response
      let text: string
      try {
        response = await fetch(`${nextUrl()}${path}`, { ...init, signal: AbortSignal.timeout(requestMs + waitMs) })
        text = await response.text()
      } catch (error) {
        counts.broken++
        if (Date.now() > deadline) throw error
        await sleep(BROKEN_PAUSE_MS)
        continue
      }
      counts.failed.push(...faultsOf(exchangeOf(path, init, response, text)))
      if (accepts.includes(response.status)) return { status: response.status, text }
      const retryAfter = response.headers.get('retry-after')
      if (response.status !== 503 || Date.now() > deadline) {
        const answer = `${init.method ?? 'GET'} ${path}: ${response.status} ${text}`
        counts.failed.push(answer)
        throw new Error(answer)
      }
      if (retryAfter === null) counts.unavailableWithoutTime++
      else counts.unavailable++
      await sleep(Math.min(Number(retryAfter ?? 1) * 1000, mostPauseMs))
    }
  }
  const read = async (id: string, waitSeconds = 0): Promise<Job> => {
    const query = waitSeconds === 0 ? '' : `?wait=${waitSeconds}`
    return JSON.parse((await call(`/v1/jobs/${id}${query}`, {}, [200], waitSeconds * 1000)).text) as Job
  }

  return {
    counts,
    async submit(request, key) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key }
      const { text } = await call('/v1/jobs', { method: 'POST', headers, body: JSON.stringify(request) }, [202])
      return (JSON.parse(text) as Job).id
    },
    read: (id) => read(id),
    async untilEnded(id, deadline) {
      for (;;) {
        const job = await read(id, 10)
        if (job.status !== null || Date.now() > deadline) return job
      }
    },
    async list() {
      const jobs: JobSummary[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`
        const { text } = await call(`/v1/jobs?limit=50${query}`, {}, [200])
        const page = JSON.parse(text) as { jobs: JobSummary[]; next: string | null }
        jobs.push(...page.jobs)
        cursor = page.next
      }
      return jobs
    },
    async *events(id, signal) {
      let last = ''
      for (const deadline = Date.now() + GIVE_UP_MS; !signal.aborted; await sleep(BROKEN_PAUSE_MS)) {
        try {
          const headers = { ...own, ...(last !== '' && { 'last-event-id': last }) }
          const response = await fetch(`${nextUrl()}/v1/jobs/${id}/events`, { headers, signal })
          if (!response.ok) throw new RefusedStream(response, await response.text())
          for await (const event of eventsOf(response)) {
            yield event
            last = event.id
            if (event.event === 'result') return
          }
          // Ended before the result: a gateway that closes, or has lost its Redis.
          if (Date.now() > deadline) return
        } catch (error) {
          if (signal.aborted) return
          if ((error instanceof RefusedStream && error.status !== 503) || Date.now() > deadline) throw error
          counts.broken++
        }
      }
    },
  }
}

class RefusedStream extends Error {
  readonly status: number
  constructor({ status, url }: Response, text: string) {
    super(`GET ${url}: ${status} ${text}`)
    this.status = status
  }
}

const exchangeOf = (
  url: string,
  { method = 'GET' }: RequestInit,
  { status, headers }: Response,
  text: string,
): Exchange => ({
  method,
  url,
  status,
  headers: Object.fromEntries(headers),
  body: Buffer.from(text),
  complete: true,
})
