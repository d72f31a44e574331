import type { Job } from '../../shared/job.ts'
import type { Limits } from '../../shared/limits.ts'
import type { CodeRequest, ContainerRequest } from '../../shared/requests.ts'
import type { Http } from './http.ts'

/** A language, as `GET /v1/runtimes` tells of it. */
export interface Runtime {
  language: string
  name: string
  /** Null when it is not installed. */
  version: string | null
  aliases: string[]
  fileName: string
  compiled: boolean
  installed: boolean
  /** What a job gets that asks for none. */
  limits: Limits
  /** The most a job may ask for. */
  ceilings: Limits
  packages: string[]
  hello: string
}

/** What pages do with jobs. Each throws an ApiProblem when the API refuses. */
export const createJobs = (http: Http) => ({
  runtimes: async () => (await http.json<{ runtimes: Runtime[] }>('/v1/runtimes')).runtimes,
  submit: (request: CodeRequest) => http.send<Job>('POST', '/v1/jobs', request),
  read: (id: string) => http.json<Job>(`/v1/jobs/${encodeURIComponent(id)}`),
  /** What a job came of, when it was kept. */
  request: (id: string) => http.json<CodeRequest | ContainerRequest>(`/v1/jobs/${encodeURIComponent(id)}/request`),
  cancel: (id: string) => http.send<Job>('DELETE', `/v1/jobs/${encodeURIComponent(id)}`),
})
export type Jobs = ReturnType<typeof createJobs>
