import type { Job } from '../../src/shared/job.ts'
import { get, post } from './client.ts'

/** A job that runs until it is told to end. */
export interface Neighbour {
  /** Cancels it. @returns the job at its end */
  cancel(): Promise<Job>
}

/**
 * Submits a job and waits until it has written `begins`.
 * @throws Error when it ends before that
 */
export async function startNeighbour(
  url: string,
  request: Record<string, unknown>,
  begins: string,
): Promise<Neighbour> {
  const { status, body } = await post<Job>(`${url}/v1/jobs`, { ...request, limits: { wallMs: 60_000 } })
  if (status !== 202) throw new Error(`submission answered ${status}: ${JSON.stringify(body)}`)
  const job = `${url}/v1/jobs/${body.id}`
  await written(`${job}/events`, begins)
  return {
    async cancel() {
      await fetch(job, { method: 'DELETE' })
      return (await get<Job>(`${job}?wait=30`)).body
    },
  }
}

/** Until the events of a job tell of this text on its standard output. */
async function written(url: string, text: string): Promise<void> {
  const end = new AbortController()
  const { body } = await fetch(url, { signal: end.signal })
  let events = ''
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      events += Buffer.from(chunk).toString()
      if (events.includes(JSON.stringify(text).slice(1, -1))) return
    }
  } finally {
    end.abort()
  }
  throw new Error(`ended without ${text}: ${events}`)
}
