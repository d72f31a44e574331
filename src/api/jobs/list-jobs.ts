import type { RequestHandler } from 'express'
import Type, { type Static } from 'typebox'
import { JobSummary, STATES, STATUSES } from '../../shared/job.ts'
import { EndUser } from '../../shared/security/end-user.ts'
import { queryOf } from '../http/query.ts'
import { knownLanguage } from '../runtimes/installed.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const DEFAULT_LIMIT = 20

export const ListJobsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 20 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the page before' })),
    state: Type.Optional(Type.Enum(STATES)),
    status: Type.Optional(Type.Enum(STATUSES)),
    language: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'id or alias of a language' })),
    endUser: Type.Optional(EndUser),
  },
  { additionalProperties: false },
)
export const JobPage = Type.Object({
  jobs: Type.Array(JobSummary),
  next: Type.Union([Type.String(), Type.Null()], { description: 'the `cursor` of the next page; `null` on the last' }),
})
export type JobPage = Static<typeof JobPage>

const listQuery = queryOf(ListJobsQuery)

/** The caller's jobs, newest first, without their output: `{jobs, next}`; `next` is null on the last page. */
export function listJobs({ jobList, languages }: RouteDeps): RequestHandler {
  return async (req, res) => {
    const { limit, cursor, language, ...rest } = listQuery(req)
    const filter = { ...rest, ...(language !== undefined && { language: knownLanguage(languages, language).id }) }
    const before = cursor === undefined ? undefined : decodeCursor(cursor)
    const count = limit === undefined ? DEFAULT_LIMIT : Number(limit)
    const { jobs, next } = await jobList.page(res.locals.caller.tenant, { limit: count, before, filter })
    res.set('Cache-Control', 'private, no-cache')
    const page: JobPage = { jobs, next: next === undefined ? null : encodeCursor(next) }
    res.json(page)
  }
}
