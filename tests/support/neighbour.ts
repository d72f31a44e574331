import type { Job } from '../../src/shared/job.ts'
import { get, post } from './client.ts'
import { eventsOf } from './read-events.ts'

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
  const { status, body } = await post<Job>(`${url}/v1/jobs`, { ...request, limits: { wallMs: 30_000 } })
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

/** Until a job has written this text to its standard output. Words of one write may come as several events. */
async function written(url: string, text: string): Promise<void> {
  const end = new AbortController()
  let output = ''
  try {
    for await (const { event, data } of eventsOf(await fetch(url, { signal: end.signal }))) {
      if (event === 'stdout') output += String(data['data'])
      if (output.includes(text)) return
    }
  } finally {
    end.abort()
  }
  throw new Error(`ended without ${JSON.stringify(text)}: ${output}`)
}
