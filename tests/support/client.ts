import type { Job, Stage } from '../../src/shared/job.ts'

/** An answer with its body read as JSON; `undefined` when it has none. */
export interface Answer<T = Record<string, unknown>> {
  status: number
  headers: Headers
  body: T
}

/** Sends JSON, or a string as it is, and reads JSON. */
export async function post<T = Record<string, unknown>>(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  })
  return answer<T>(response)
}

export async function get<T = Record<string, unknown>>(
  url: string,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  return answer<T>(await fetch(url, { headers }))
}

async function answer<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text()
  const body = (text === '' ? undefined : JSON.parse(text)) as T
  return { status: response.status, headers: response.headers, body }
}

/** Submits a code job and waits for its end, as long as a busy machine takes. @throws Error when it is refused */
export async function runJob(url: string, request: Record<string, unknown>): Promise<Job> {
  const { status, body } = await post<Job>(`${url}/v1/jobs`, request, { prefer: 'wait=60' })
  if (status !== 200 && status !== 202) throw new Error(`submission answered ${status}: ${JSON.stringify(body)}`)
  let job = body
  while (job.status === null) job = (await get<Job>(`${url}/v1/jobs/${job.id}?wait=60`)).body
  return job
}

/** The stage of this name. @throws Error when the job has none */
export function stageOf(job: Job, name = 'run'): Stage {
  const stage = job.stages.find((one) => one.name === name)
  if (!stage) throw new Error(`job ${job.id} (${job.status}) has no stage ${name}: ${job.message ?? ''}`)
  return stage
}
