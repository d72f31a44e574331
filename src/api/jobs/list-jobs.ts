import Type from 'typebox'
import type { Language } from '../../shared/language.ts'
import { JobSummary, STATES, STATUSES } from '../../shared/job.ts'
import type { JobList } from '../../shared/redis/job-list.ts'
import { EndUser } from '../../shared/security/end-user.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { finishedJob, summaryOf } from '../http/openapi/examples/results.ts'
import { defineRoute } from '../http/route.ts'
import { knownLanguage } from '../runtimes/installed.ts'

const DEFAULT_LIMIT = 20

export const ListJobsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 20 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
    state: Type.Optional(Type.Enum(STATES)),
    status: Type.Optional(Type.Enum(STATUSES)),
    language: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'id or alias of a language' })),
    endUser: Type.Optional(EndUser),
  },
  { additionalProperties: false },
)
const JobPage = Type.Object({
  jobs: Type.Array(JobSummary),
  next: Type.Union([Type.String(), Type.Null()], { description: 'the `cursor` of the next page; `null` on the last' }),
})

export interface ListNeeds {
  jobList: JobList
  languages: readonly Language[]
}

export const listJobs = defineRoute({
  method: 'get',
  path: '/v1/jobs',
  id: 'listJobs',
  tag: 'Jobs',
  summary: 'List your jobs',
  description: 'Newest first, without their output. New jobs do not shift the pages.',
  scopes: ['jobs', 'containers'],
  query: ListJobsQuery,
  answers: {
    200: {
      description: 'One page.',
      schema: JobPage,
      examples: { page: { summary: 'The last page', value: { jobs: [summaryOf(finishedJob)], next: null } } },
    },
  },
  cache: 'private, no-cache',
  problems: ['unknown-language'],
  schemas: { JobPage },
  async handle({ jobList, languages }: ListNeeds, { caller, query, send }) {
    const { limit, cursor, language, ...rest } = query
    const filter = { ...rest, ...(language !== undefined && { language: knownLanguage(languages, language).id }) }
    const before = cursor === undefined ? undefined : decodeCursor(cursor)
    const count = limit === undefined ? DEFAULT_LIMIT : Number(limit)
    const { jobs, next } = await jobList.page(caller.tenant, { limit: count, before, filter })
    send(200, { jobs, next: next === undefined ? null : encodeCursor(next) })
  },
})
