import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'

/** Submits a job and waits for its end, as long as a busy machine takes. @throws Error when it is refused */
export async function judged(url: string, request: Record<string, unknown>): Promise<Job> {
  const submitted = await post<Job>(`${url}/v1/jobs`, request, { prefer: 'wait=60' })
  if (submitted.status !== 200 && submitted.status !== 202)
    throw new Error(`submission answered ${submitted.status}: ${JSON.stringify(submitted.body)}`)
  let job = submitted.body
  while (job.status === null) job = (await get<Job>(`${url}/v1/jobs/${job.id}?wait=60`)).body
  return job
}
