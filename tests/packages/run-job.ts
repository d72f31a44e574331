import type { Job } from '../../src/shared/job.ts'

/** Runs a job to its end, however often it has to be asked for. @throws Error when it is refused */
export async function runJob(url: string, key: string, request: object): Promise<Job> {
  const headers = { 'content-type': 'application/json', prefer: 'wait=60', authorization: `Bearer ${key}` }
  const body = JSON.stringify(request)
  let job = (await (await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body })).json()) as Job
  if (job.id === undefined) throw new Error(`refused: ${JSON.stringify(job)}`)
  while (job.status === null) job = (await (await fetch(`${url}/v1/jobs/${job.id}?wait=60`, { headers })).json()) as Job
  return job
}

export const stdoutOf = (job: Job): string => job.stages.at(-1)?.stdout ?? ''
