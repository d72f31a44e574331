import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import type { Language } from '../../shared/language.ts'
import { Job, type JobSpec, STATES, STATUSES } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import { TenantJob } from '../../shared/redis/job-list.ts'
import type { Overview, Runtimes } from '../../shared/redis/worker-registry.ts'
import { EndUser } from '../../shared/security/end-user.ts'
import type { Audit } from '../security/audit.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { finishedJob } from '../http/openapi/examples/results.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { knownRuntimes } from '../load/check-workers.ts'
import { allowedImage, installedVersion, knownLanguage } from '../runtimes/installed.ts'
import { cancelAnswers, type CancelNeeds, endJob } from './cancel-job.ts'
import { eventAnswers, type EventsNeeds, sendJobEvents } from './job-events.ts'
import type { JobSubmission } from './job-submission.ts'
import type { ListNeeds } from './list-jobs.ts'
import { allJobs } from './own-job.ts'
import { ARTIFACT_ANSWERS, type ArtifactNeeds, sendArtifact } from './read-artifact.ts'
import { type LockNeeds, withLock } from './with-lock.ts'
import { type OutputNeeds, withOutput } from './with-output.ts'

const DEFAULT_LIMIT = 50

const AdminJobsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 50 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
    id: Type.Optional(Type.String({ pattern: '^[0-9A-Fa-f-]{1,36}$', description: 'an id, or its beginning' })),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    state: Type.Optional(Type.Enum(STATES)),
    status: Type.Optional(Type.Enum(STATUSES)),
    language: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'id or alias of a language' })),
    endUser: Type.Optional(EndUser),
  },
  { additionalProperties: false },
)
const AdminJobPage = Type.Object({
  jobs: Type.Array(TenantJob),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'the `cursor` of the next page; `null` on the last',
  }),
})
/** A job with its output, as an operator sees it. */
const AdminJob = Type.Object({
  ...Job.properties,
  tenant: Type.String(),
  canRunAgain: Type.Boolean({ description: 'whether its request is stored' }),
})

export interface RunAgainNeeds extends OutputNeeds {
  submission: JobSubmission
  /** The workers and what they can run, as of at most a moment ago. */
  overview: () => Promise<Overview>
  languages: readonly Language[]
  audit: Audit
}

const common = { tag: 'Administration', scopes: ['admin'] } as const

/** The jobs of all tenants: which there are, and one run once more. */
export const adminListRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/jobs',
    id: 'listAllJobs',
    summary: 'List the jobs of all tenants',
    description: 'Newest first, without their output.',
    query: AdminJobsQuery,
    answers: { 200: { description: 'One page.', schema: AdminJobPage } },
    cache: 'no-store',
    problems: ['unknown-language'],
    schemas: { AdminJobPage },
    async handle({ jobList, languages }: ListNeeds, { query, send }) {
      const { limit, cursor, id, tenant, language, ...rest } = query
      const filter = { ...rest, ...(language !== undefined && { language: knownLanguage(languages, language).id }) }
      const { jobs, next } = await jobList.pageOfAll({
        limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
        before: cursor === undefined ? undefined : decodeCursor(cursor),
        filter,
        tenant,
        idPrefix: id?.toLowerCase(),
      })
      send(200, { jobs, next: next === undefined ? null : encodeCursor(next) })
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/jobs/:id/run-again',
    id: 'runJobAgain',
    summary: 'Run a job of any tenant again',
    description:
      'Creates a new job of the same tenant. It starts at once and calls no webhook. Its security events count against the ' +
      'operator.',
    params: { id: PATH.job },
    answers: { 202: { description: 'The new job.', schema: TenantJob, headers: ['Location'] } },
    problems: [
      'nothing-to-run',
      'language-not-installed',
      'image-not-allowed',
      'tenant-queue-full',
      'queue-full',
      'engine-unavailable',
    ],
    /** Its owner asked for nothing; and it comes from the operator, so that what it does counts against nobody else. */
    async handle({ records, submission, overview, languages, audit }: RunAgainNeeds, request) {
      const { res, params, caller, requestId, send } = request
      const find = allJobs(records)
      const { job, tenant } = await find(res, params.id)
      const asked = await records.spec(job.id)
      if (!asked) {
        const why = job.status === null ? 'the job has not ended yet' : 'the request of this job was not kept'
        throw new Problem('nothing-to-run', `${why}; requests are kept with results, unless KEEP_REQUESTS is off`)
      }
      const { address, keyId } = caller
      // Whoever waited for the first does not wait for this.
      const { replyTo: _replyTo, ...rest } = asked
      const runs = whatRunsIt(asked, knownRuntimes(await overview()), languages)
      const spec: JobSpec = {
        ...rest,
        head: { ...asked.head, ...runs, id: uuid(), createdAt: new Date().toISOString() },
        origin: { requestId, address, keyId },
        delayMs: 0,
        webhook: null,
      }
      const { id } = await submission.submit(spec, undefined)
      audit(request, 'job-run-again', `the job of the tenant ${tenant} runs again as ${id}`, job.id)
      const { job: made } = await find(res, id)
      res.location(`/v1/admin/jobs/${id}`)
      send(202, { ...made, tenant })
    },
  }),
]

/** The same of one job as its owner can do. */
export const adminJobRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/jobs/:id',
    id: 'readAnyJob',
    summary: 'Read a job of any tenant',
    params: { id: PATH.job },
    answers: {
      200: {
        description: 'The job, with its output.',
        schema: AdminJob,
        examples: {
          finished: { summary: 'A finished job', value: { ...finishedJob, tenant: 'acme', canRunAgain: true } },
        },
      },
    },
    cache: 'no-store',
    schemas: { AdminJob },
    async handle(needs: OutputNeeds & LockNeeds, { res, params, send }) {
      const { job, tenant } = await allJobs(needs.records)(res, params.id)
      const [whole, canRunAgain] = await Promise.all([withOutput(needs, res, job), needs.records.hasSpec(job.id)])
      send(200, { ...(await withLock(needs, whole)), tenant, canRunAgain })
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/admin/jobs/:id',
    id: 'cancelAnyJob',
    summary: 'Cancel a job of any tenant',
    params: { id: PATH.job },
    answers: cancelAnswers('The ended job.'),
    handle: (needs: CancelNeeds & { audit: Audit }, request) =>
      endJob(needs, allJobs(needs.records), request, ({ job, tenant }) =>
        needs.audit(request, 'job-cancelled', `the job of the tenant ${tenant} was cancelled`, job.id),
      ),
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/jobs/:id/events',
    id: 'streamAnyJobEvents',
    summary: 'Follow a job of any tenant',
    description: 'As `/v1/jobs/{id}/events` does.',
    params: { id: PATH.job },
    headers: ['Last-Event-ID'],
    answers: eventAnswers(),
    problems: ['invalid-header', 'too-many-open'],
    handle: (needs: EventsNeeds, request) => sendJobEvents(needs, allJobs(needs.records), request),
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/jobs/:id/artifacts/*path',
    id: 'readAnyArtifact',
    summary: 'Download an artifact of any tenant',
    params: { id: PATH.job, path: PATH.artifact },
    ...ARTIFACT_ANSWERS,
    handle: (needs: ArtifactNeeds, request) => sendArtifact(needs, allJobs(needs.records), request),
  }),
]

/** @throws Problem when what the job needs is no longer installed */
function whatRunsIt({ head }: JobSpec, runtimes: Runtimes, languages: readonly Language[]): { version: string | null } {
  if (head.kind === 'container') allowedImage(runtimes, languages, head.image ?? '')
  const language = languages.find(({ id }) => id === head.language)
  return { version: language ? installedVersion(runtimes, languages, language, undefined) : head.version }
}
