import { type RequestHandler, Router } from 'express'
import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import type { Language } from '../../shared/language.ts'
import { Job, type JobSpec, STATES, STATUSES } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import { TenantJob } from '../../shared/redis/job-list.ts'
import type { Runtimes } from '../../shared/redis/worker-registry.ts'
import { EndUser } from '../../shared/security/end-user.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery, queryOf } from '../http/query.ts'
import { requestIdOf } from '../http/request-log.ts'
import { allowedImage, installedVersion, knownLanguage } from '../runtimes/installed.ts'
import { knownRuntimes } from '../load/check-workers.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { cancelJob } from './cancel-job.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { jobEvents } from './job-events.ts'
import { allJobs, type FindJob } from './own-job.ts'
import { readArtifact } from './read-artifact.ts'
import { withOutput } from './with-output.ts'
import type { Audit } from '../access/audit.ts'

const DEFAULT_LIMIT = 50

export const AdminJobsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 50 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the page before' })),
    id: Type.Optional(Type.String({ pattern: '^[0-9A-Fa-f-]{1,36}$', description: 'an id, or how it begins' })),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    state: Type.Optional(Type.Enum(STATES)),
    status: Type.Optional(Type.Enum(STATUSES)),
    language: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'id or alias of a language' })),
    endUser: Type.Optional(EndUser),
  },
  { additionalProperties: false },
)
export const AdminJobPage = Type.Object({
  jobs: Type.Array(TenantJob),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'the `cursor` of the next page; `null` when there is none',
  }),
})
/** A job with its output, as an operator sees it. */
export const AdminJob = Type.Object({
  ...Job.properties,
  tenant: Type.String(),
  canRunAgain: Type.Boolean({ description: 'whether what it was asked for is kept' }),
})
const jobsQuery = queryOf(AdminJobsQuery)

export type AdminJobsDeps = Pick<
  RouteDeps,
  'records' | 'artifacts' | 'sending' | 'submission' | 'cancel' | 'feed' | 'open' | 'jobList' | 'overview' | 'languages'
>

/** `/v1/admin/jobs`: the jobs of all tenants. Which callers may is decided before. */
export function adminJobRoutes(deps: AdminJobsDeps, audit: Audit): Router {
  const find = allJobs(deps.records)
  const router = Router()
  router.route('/').get(listAll(deps)).all(onlyMethods('GET'))
  router
    .route('/:id')
    .get(noQuery, readAny(deps, find))
    .delete(
      noQuery,
      cancelJob(deps, find, (req, { job, tenant }) =>
        audit(req, 'job-cancelled', `the job of the tenant ${tenant} was cancelled`, job.id),
      ),
    )
    .all(onlyMethods('GET', 'DELETE'))
  router.route('/:id/events').get(noQuery, jobEvents(deps, find)).all(onlyMethods('GET'))
  router.route('/:id/artifacts/*path').get(noQuery, readArtifact(deps, find)).all(onlyMethods('GET'))
  router
    .route('/:id/run-again')
    .post(noQuery, runAgain(deps, find, audit))
    .all(onlyMethods('POST'))
  return router
}

function listAll({ jobList, languages }: Pick<RouteDeps, 'jobList' | 'languages'>): RequestHandler {
  return async (req, res) => {
    const { limit, cursor, id, tenant, language, ...rest } = jobsQuery(req)
    const filter = { ...rest, ...(language !== undefined && { language: knownLanguage(languages, language).id }) }
    const { jobs, next } = await jobList.pageOfAll({
      limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
      before: cursor === undefined ? undefined : decodeCursor(cursor),
      filter,
      tenant,
      idPrefix: id?.toLowerCase(),
    })
    const page: Static<typeof AdminJobPage> = { jobs, next: next === undefined ? null : encodeCursor(next) }
    res.set('Cache-Control', 'no-store').json(page)
  }
}

function readAny(deps: AdminJobsDeps, find: FindJob): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { job, tenant } = await find(res, req.params.id)
    const [whole, canRunAgain] = await Promise.all([withOutput(deps, res, job), deps.records.hasSpec(job.id)])
    const shown: Static<typeof AdminJob> = { ...whole, tenant, canRunAgain }
    res.set('Cache-Control', 'no-store').json(shown)
  }
}

/**
 * Runs what a job was asked for once more, as a job of its own of the same tenant. It begins at once and tells no webhook, since its owner asked
 * for nothing; and it comes from the operator, so that what it does counts against nobody else.
 */
function runAgain(deps: AdminJobsDeps, find: FindJob, audit: Audit): RequestHandler<{ id: string }> {
  const { records, submission, overview, languages } = deps
  return async (req, res) => {
    const { job, tenant } = await find(res, req.params.id)
    const request = await records.spec(job.id)
    if (!request) {
      const why = job.status === null ? 'the job has not ended yet' : 'what this job was asked for is not kept'
      throw new Problem('nothing-to-run', `${why}; it is kept with the result, unless KEEP_REQUESTS is off`)
    }
    const { address, keyId } = res.locals.caller
    // Whoever waited for the first does not wait for this.
    const { replyTo: _replyTo, ...asked } = request
    const spec: JobSpec = {
      ...asked,
      head: { ...request.head, ...whatRunsIt(request, knownRuntimes(await overview()), languages), id: uuid(), createdAt: new Date().toISOString() }, // prettier-ignore
      origin: { requestId: requestIdOf(req), address, keyId },
      delayMs: 0,
      webhook: null,
    }
    const { id } = await submission.submit(spec, undefined)
    audit(req, 'job-run-again', `the job of the tenant ${tenant} runs again as ${id}`, job.id)
    const { job: made } = await find(res, id)
    const shown: TenantJob = { ...made, tenant }
    res.status(202).location(`/v1/admin/jobs/${id}`).json(shown)
  }
}

/** @throws Problem when what the job needs is no longer installed */
function whatRunsIt({ head }: JobSpec, runtimes: Runtimes, languages: readonly Language[]): { version: string | null } {
  if (head.kind === 'container') allowedImage(runtimes, languages, head.image ?? '')
  const language = languages.find(({ id }) => id === head.language)
  return { version: language ? installedVersion(runtimes, language, undefined) : head.version }
}
