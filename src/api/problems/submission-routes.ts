import { setImmediate } from 'node:timers/promises'
import Type from 'typebox'
import type { JobSpec, SourceFile } from '../../shared/job.ts'
import { problemOfContent, type ProblemStore } from '../../shared/judging/problem-store.ts'
import type { ProblemJobs } from '../../shared/judging/problem-jobs.ts'
import { Similarity } from '../../shared/judging/similarity.ts'
import type { Language } from '../../shared/language.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { Problem, RETRY_SOON } from '../../shared/problems.ts'
import type { CodeRequest } from '../../shared/requests.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../http/openapi/problems.ts'
import { PATH } from '../http/openapi/parameters.ts'
import { defineRoute } from '../http/route.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import { OUTPUT_LANGUAGE } from '../judging/prepare-submission.ts'
import { ownProblem } from './problem-routes.ts'
import { addCode } from './similar-code.ts'
import { PACED, type PacedNeeds, submitPaced } from './submit-paced.ts'
import {
  createWork,
  fingerprintsOf,
  type LikePair,
  likePairs,
  marksOf,
  MAX_ALL_FINGERPRINTS,
  MAX_FINGERPRINTS,
  MAX_PAIRS,
  type Prints,
} from './similarity.ts'

export interface SubmissionNeeds {
  problems: ProblemStore
  problemJobs: ProblemJobs
  records: JobReader
  requests: JobRequestBuilder
  submission: JobSubmission
  languages: readonly Language[]
  pace: PacedNeeds['pace']
  /** Compares programs, when no others are compared. @throws Problem `unavailable` */
  alone: Alone
}

/** Does one piece of work at a time. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>

/** @param busy what is thrown while a piece of work is being done */
export function createAlone(busy: () => Problem): Alone {
  let isBusy = false
  return async (work) => {
    if (isBusy) throw busy()
    isBusy = true
    try {
      return await work()
    } finally {
      isBusy = false
    }
  }
}

/** Another comparison goes on in this gateway. */
export const comparing = (): Problem =>
  new Problem(
    'unavailable',
    'other submissions are being compared; one comparison at a time is allowed: try again shortly',
    { headers: RETRY_SOON },
  )

/** Submissions of one call; a batch is read whole. */
export const MAX_REJUDGED = 1000

const jobId = Type.String({ format: 'uuid' })
const Rejudging = Type.Object({
  batch: Type.String({ format: 'uuid', description: 'of the new jobs, as `GET /v1/batches/{id}` tells of it' }),
  version: Type.Integer({ minimum: 1, description: 'of the problem, with which they are judged' }),
  jobs: Type.Array(
    Type.Object({ id: jobId, again: Type.Object({ id: jobId }, { description: 'the job judged again' }) }),
  ),
  left: Type.Array(Type.Object({ id: jobId, reason: Type.String() }), { description: 'submissions that cannot be' }),
})

/** The work rises with their number, and a gateway does it beside everything else. */
const MAX_COMPARED = 300
/** In percent. */
const DEFAULT_LEAST = 50

const SimilarityQuery = Type.Object(
  {
    least: Type.Optional(
      Type.String({
        pattern: '^(?:[1-9]?[0-9]|100)$',
        description: 'least similarity of a pair in percent; 50 when absent',
      }),
    ),
    code: Type.Optional(
      Type.Enum(['true', 'false'], { description: 'whether the lines that are alike come along, and end users' }),
    ),
  },
  { additionalProperties: false },
)

export const submissionRoutes = [
  defineRoute({
    method: 'post',
    path: '/v1/problems/:id/rejudge',
    id: 'rejudgeProblem',
    tag: 'Judging',
    summary: 'Judge all submissions of a problem again',
    description:
      `Submits the newest ${MAX_REJUDGED} submissions to this problem whose results are still kept once more, as new jobs in a batch: judged with the problem as it is ` +
      'now, of low priority, with their own metadata and end user. ' +
      `${PACED} Programs that were compiled before are not compiled again. Nothing needs to be sent in the body.`,
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: { 202: { description: 'The new jobs, and what they are of.', schema: Rejudging, headers: ['Location'] } },
    problems: [
      ...SUBMISSION_PROBLEMS.filter((code) => !code.startsWith('idempotency')),
      ...CODE_PROBLEMS,
      'nothing-to-run',
    ],
    async handle(needs: SubmissionNeeds, { res, caller, params, requestId, send }) {
      const { problemJobs, records, requests } = needs
      const { id, version } = await ownProblem(needs, caller.tenant, params.id)
      const specs: JobSpec[] = []
      const left: { id: string; reason: string }[] = []
      for (const old of await problemJobs.newest(id, MAX_REJUDGED)) {
        const record = await records.read(old)
        // Its result has expired.
        if (!record || record.tenant !== caller.tenant) continue
        const spec = record.job.status === null ? undefined : await records.spec(old)
        if (record.job.status === null) left.push({ id: old, reason: 'has not ended yet' })
        else if (!spec) left.push({ id: old, reason: 'its request was not kept' })
        else {
          try {
            const made = await requests.code(requestAgain(spec), caller, requestId)
            specs.push({ ...made, again: old, webhook: spec.webhook })
          } catch (error) {
            if (!(error instanceof Problem) || error.status >= 500) throw error
            left.push({ id: old, reason: error.message })
          }
        }
      }
      if (specs.length === 0) {
        const why =
          left.length === 0 ? 'it has none whose results are kept' : `none of ${left.length} can be: ${left[0]?.reason}`
        throw new Problem('nothing-to-run', `no submission of this problem can be judged again: ${why}`)
      }
      const batch = await submitPaced(needs, caller, specs)
      res.location(`/v1/batches/${batch.id}`)
      const jobs = specs.map(({ head, again = '' }) => ({ id: head.id, again: { id: again } }))
      send(202, { batch: batch.id, version, jobs, left })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/problems/:id/similarity',
    id: 'compareSubmissions',
    tag: 'Judging',
    summary: 'Compare the submissions of a problem with each other',
    description:
      `Compares the newest ${MAX_COMPARED} submissions whose requests are kept, language by language, by winnowing over their tokens: names, numbers, strings, layout and ` +
      'comments do not count, nor does what most submissions have. Submissions of one end user are not compared with each other. Alike is no proof: read the parts. ' +
      'A gateway makes one comparison at a time; another is answered 503.',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    query: SimilarityQuery,
    answers: { 200: { description: 'Pairs that are alike, most alike first.', schema: Similarity } },
    cache: 'no-store',
    async handle(needs: SubmissionNeeds, { res, caller, params, query, send }) {
      const { id } = await ownProblem(needs, caller.tenant, params.id)
      const least = Number(query.least ?? DEFAULT_LEAST) / 100
      const found = await needs.alone(async () => {
        const similarity = await compare(needs, caller.tenant, id, least, () => res.closed)
        if (query.code === 'true') await addCode(needs.records, similarity.pairs)
        return similarity
      })
      send(200, found)
    },
  }),
]

/** Compares the newest submissions of a problem. @param isGone whether nobody waits for the answer any more */
async function compare(
  needs: SubmissionNeeds,
  tenant: string,
  problem: string,
  least: number,
  isGone: () => boolean,
): Promise<Similarity> {
  const work = createWork(async () => {
    await setImmediate()
    if (isGone()) throw new Problem('unavailable', 'the request ended before it was answered')
  })
  const byLanguage = new Map<string, Prints[]>()
  const jobs = await needs.problemJobs.newest(problem, MAX_COMPARED)
  const most = Math.min(MAX_FINGERPRINTS, Math.floor(MAX_ALL_FINGERPRINTS / Math.max(1, jobs.length)))
  const marksIn = (language: string) => marksOf(needs.languages.find(({ id }) => id === language) ?? { id: language })
  let compared = 0
  for (const job of jobs) {
    const spec = await needs.records.spec(job)
    if (spec?.tenant !== tenant || spec.head.language === null || spec.submission?.language === OUTPUT_LANGUAGE)
      continue
    const own = spec.files.slice(0, spec.submission?.files ?? spec.files.length)
    const files = own.map(({ path, content, encoding }) => ({
      path,
      text: encoding === 'base64' ? Buffer.from(content, 'base64').toString() : content,
    }))
    const { language, endUser } = spec.head
    const prints = await fingerprintsOf({ id: job, author: endUser, files }, marksIn(language), work, most)
    const programs = byLanguage.get(language)
    if (programs) programs.push(prints)
    else byLanguage.set(language, [prints])
    compared++
  }
  const pairs: (LikePair & { language: string })[] = []
  for (const [language, programs] of byLanguage) {
    for (const pair of await likePairs(programs, least, work)) pairs.push({ language, ...pair })
  }
  pairs.sort((a, b) => b.similarity - a.similarity)
  return { compared, pairs: pairs.slice(0, MAX_PAIRS) }
}

/** What was submitted, without what the problem added to it. */
export function requestAgain({
  head,
  submission,
  files,
  storedFiles = [],
  args,
  compilerArgs,
  env,
  environment,
  problem,
}: JobSpec): CodeRequest {
  const own = submission ?? { language: head.language ?? '', files: files.length }
  const { language, entrypoint, limits } = own
  return {
    language,
    files: [
      ...files.slice(0, own.files).map(({ path, content, encoding, mode }: SourceFile) => ({
        path,
        content,
        encoding,
        ...(mode !== undefined && { mode }),
      })),
      ...storedFiles.map(({ path, fileId, mode }) => ({ path, id: fileId, ...(mode !== undefined && { mode }) })),
    ],
    ...(entrypoint !== undefined && { entrypoint }),
    ...(limits && { limits }),
    ...(args.length > 0 && { args }),
    ...(compilerArgs.length > 0 && { compilerArgs }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(environment !== undefined && { environment }),
    problem: problemOfContent(problem ?? ''),
    priority: 'low',
    metadata: head.metadata,
    ...(head.endUser !== undefined && { endUser: head.endUser }),
  }
}
