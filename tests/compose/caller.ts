import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/shared/job.ts'
import { MINUTE, SECOND } from '../../src/shared/limits.ts'

/** A caller as one should be: says again what was not answered, under the same key, and comes back when it is told to. */
export interface Caller {
  /** Requests that were said again, by why. */
  again: Map<string, number>
  submit(body: object): Promise<Job>
  /** Waits until it has ended. @throws Error when it does not within two minutes */
  untilEnded(id: string): Promise<Job>
}

/** @param url of what stands before the gateways */
export function createCaller(url: string, key: string): Caller {
  const again = new Map<string, number>()
  const send = async (
    path: string,
    init: Omit<RequestInit, 'headers'> = {},
    headers: Record<string, string> = {},
  ): Promise<Job> => {
    for (const deadline = Date.now() + 2 * MINUTE; ;) {
      const answer = await attempt(`${url}${path}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${key}` },
      })
      if (answer.job) return answer.job
      if (!answer.passing || Date.now() > deadline) throw new Error(`${init.method ?? 'GET'} ${path}: ${answer.why}`)
      again.set(answer.why, (again.get(answer.why) ?? 0) + 1)
      await sleep(answer.pauseMs)
    }
  }
  return {
    again,
    submit: (body) =>
      send(
        '/v1/jobs',
        { method: 'POST', body: JSON.stringify(body) },
        { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      ),
    async untilEnded(id) {
      for (const deadline = Date.now() + 2 * MINUTE; ;) {
        const job = await send(`/v1/jobs/${id}?wait=30`)
        if (job.state === 'finished' || job.state === 'cancelled') return job
        if (Date.now() > deadline) throw new Error(`${id} is ${job.state} after two minutes`)
      }
    },
  }
}

type Answer = { job: Job } | { job?: never; why: string; passing: boolean; pauseMs: number }

async function attempt(url: string, init: RequestInit): Promise<Answer> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(50 * SECOND) })
    const text = await answer.text()
    if (answer.ok) return { job: JSON.parse(text) as Job }
    const passing = [429, 502, 503, 504].includes(answer.status)
    const pauseMs = Number(answer.headers.get('retry-after') ?? 1) * SECOND
    return { why: passing ? String(answer.status) : `${answer.status} ${text}`, passing, pauseMs }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    return { why: cause, passing: true, pauseMs: SECOND / 2 }
  }
}
