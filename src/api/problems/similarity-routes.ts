import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'express'
import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import type { ComparisonRecord, Comparisons, SimilarityQueue } from '../../shared/judging/comparisons.ts'
import type { ProblemStore } from '../../shared/judging/problem-store.ts'
import { Comparison, isOver, MAX_COMPARED, type SimilarPair, Similarity } from '../../shared/judging/similarity.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { MAX_WAIT_SECONDS, preferredWait } from '../http/prefer.ts'
import { defineRoute } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { ownProblem } from './problem-routes.ts'
import { addCode } from './similar-code.ts'
import { similarityPage, similarityPageHeaders } from './similarity-page.ts'

export interface SimilarityNeeds {
  problems: ProblemStore
  comparisons: Comparisons
  queue: SimilarityQueue
  records: JobReader
  open: OpenResponses
  audit: Audit
  /** Whether an answer with code is being made: one holds whole programs and is long. */
  quoting: { isBusy: boolean }
}

const PLACE = '/v1/problems/:id/similarity'
const ADMIN_PLACE = '/v1/admin/problems/:id/similarity'
const POLL_MS = 100
/** In percent. */
const DEFAULT_LEAST = 50
const AGAIN_SECONDS = 10
/** In which an answer with code is made. */
const QUOTED_SECONDS = 2

const ReportQuery = Type.Object(
  {
    least: Type.Optional(
      Type.String({
        pattern: '^(?:[1-9]?[0-9]|100)$',
        description: `least similarity of a pair in percent; ${DEFAULT_LEAST} when absent`,
      }),
    ),
    comparison: Type.Optional(
      Type.String({ format: 'uuid', description: 'id of the comparison; 404 when another one has begun' }),
    ),
  },
  { additionalProperties: false },
)
const SimilarityQuery = Type.Object(
  {
    least: ReportQuery.properties.least,
    code: Type.Optional(
      Type.Enum(['true', 'false'], { description: '`true`: with the lines that are alike, and the end users' }),
    ),
    wait: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,9}$', description: 'whole seconds to wait for the end; at most 60 count' }),
    ),
  },
  { additionalProperties: false },
)
const tenant = Type.String({ minLength: 1, maxLength: 128, description: 'whose problem it is' })
const TenantQuery = Type.Object({ tenant }, { additionalProperties: false })
const AdminReportQuery = Type.Object({ ...ReportQuery.properties, tenant }, { additionalProperties: false })

const PAGE = {
  description:
    'A page that loads and runs nothing. Until the comparison has finished it shows the progress and loads itself again.',
  schema: Type.String(),
  type: 'text/html',
}
const METHOD =
  `Compares the newest ${MAX_COMPARED} submissions whose requests are kept, language by language, by winnowing over their tokens: names, numbers, strings, layout and ` +
  'comments do not count, nor does what most submissions have. Submissions of one end user are not compared with each other. '

export const similarityRoutes = [
  defineRoute({
    method: 'post',
    path: PLACE,
    id: 'compareSubmissions',
    tag: 'Judging',
    summary: 'Compare the submissions of a problem with each other',
    description: `${METHOD}A worker makes one comparison at a time; \`GET\` tells how far it is and what it found. While one of this problem waits or runs, it is the answer.`,
    scopes: ['jobs'],
    params: { id: PATH.problem },
    headers: ['Prefer'],
    answers: {
      200: { description: 'It has ended.', schema: Comparison, headers: ['Location', 'Preference-Applied'] },
      202: { description: 'It waits or runs.', schema: Comparison, headers: ['Location', 'Preference-Applied'] },
    },
    problems: ['tenant-queue-full', 'too-many-open'],
    schemas: { Comparison },
    async handle(needs: SimilarityNeeds, { req, res, caller, params, send }) {
      const { id } = await ownProblem(needs, caller.tenant, params.id)
      const waitSeconds = preferredWait(req.get('prefer')) ?? 0
      const signal = waitSeconds > 0 ? needs.open.admit(res) : undefined
      let { view } = await begin(needs, caller.tenant, id)
      if (signal) {
        res.set('Preference-Applied', `wait=${waitSeconds}`)
        view = await whileKeyHolds(signal, untilOver(needs, id, view, waitSeconds, signal))
      }
      res.location(PLACE.replace(':id', id))
      send(isOver(view) ? 200 : 202, view)
    },
  }),
  defineRoute({
    method: 'get',
    path: PLACE,
    id: 'readSimilarity',
    tag: 'Judging',
    summary: 'Read which submissions of a problem are alike',
    description:
      'The last comparison: its state, its progress, and the pairs it found. Kept are ids, lines and similarities, for 7 days: code comes from the submissions, ' +
      'and pairs go with them. Similar programs are a reason to read them, no proof.',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    query: SimilarityQuery,
    answers: {
      200: { description: 'The comparison, and the pairs that are alike, most alike first.', schema: Similarity },
    },
    problems: ['too-many-open'],
    schemas: { Similarity },
    cache: 'no-store',
    async handle(needs: SimilarityNeeds, { res, caller, params, query, send }) {
      const { id } = await ownProblem(needs, caller.tenant, params.id)
      const view = await lastOf(needs, caller.tenant, id)
      const waitSeconds = Math.min(Number(query.wait ?? '0'), MAX_WAIT_SECONDS)
      if (waitSeconds > 0 && !isOver(view)) {
        const signal = needs.open.admit(res)
        await whileKeyHolds(signal, untilOver(needs, id, view, waitSeconds, signal))
      }
      const isQuoting = query.code === 'true'
      const read = () => similarityOf(needs, caller.tenant, id, leastOf(query), isQuoting)
      send(200, await (isQuoting ? oneAtATime(needs, read) : read()))
    },
  }),
  defineRoute({
    method: 'get',
    path: `${PLACE}/report`,
    id: 'readSimilarityReport',
    tag: 'Judging',
    summary: 'Read the similar submissions of a problem as a page',
    description:
      'The pairs of the last comparison with the lines that are alike side by side, to read in a browser or to keep as a file.',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    query: ReportQuery,
    answers: { 200: PAGE },
    async handle(needs: SimilarityNeeds, { res, caller, params, query }) {
      const about = await ownProblem(needs, caller.tenant, params.id)
      await sendPage(needs, res, { ...about, tenant: caller.tenant }, query)
    },
  }),
  defineRoute({
    method: 'post',
    path: ADMIN_PLACE,
    id: 'compareAnySubmissions',
    tag: 'Administration',
    summary: 'Compare the submissions of a problem of any tenant',
    scopes: ['admin'],
    params: { id: PATH.problem },
    query: TenantQuery,
    answers: { 202: { description: 'It waits or runs.', schema: Comparison } },
    problems: ['tenant-queue-full'],
    async handle(needs: SimilarityNeeds, request) {
      const { params, query, send } = request
      const { id, name } = await ownProblem(needs, query.tenant, params.id)
      const { view } = await begin(needs, query.tenant, id)
      needs.audit(
        request,
        'submissions-compared',
        `submissions of problem ${id} (${name}) of ${query.tenant} are compared`,
      )
      send(202, view)
    },
  }),
  defineRoute({
    method: 'get',
    path: `${ADMIN_PLACE}/report`,
    id: 'readAnySimilarityReport',
    tag: 'Administration',
    summary: 'Read the similar submissions of a problem of any tenant as a page',
    scopes: ['admin'],
    params: { id: PATH.problem },
    query: AdminReportQuery,
    answers: { 200: PAGE },
    async handle(needs: SimilarityNeeds, { res, params, query }) {
      const about = await ownProblem(needs, query.tenant, params.id)
      await sendPage(needs, res, { ...about, tenant: query.tenant }, query)
    },
  }),
]

const leastOf = ({ least }: { least?: string | undefined }): number => Number(least ?? DEFAULT_LEAST)

/** Begins a comparison, or finds the one that is under way. */
async function begin(
  { comparisons, queue }: SimilarityNeeds,
  tenant: string,
  problem: string,
): Promise<ComparisonRecord> {
  const view: Comparison = {
    id: uuid(),
    state: 'queued',
    progress: null,
    compared: 0,
    createdAt: new Date().toISOString(),
    finishedAt: null,
  }
  const record = await comparisons.begin({ tenant, problem, view })
  if (!record) throw new Problem('not-found', 'the problem does not exist')
  if (record === 'full') {
    const detail = `submissions of as many of your problems as is allowed are being compared; try again in ${AGAIN_SECONDS} s`
    throw new Problem('tenant-queue-full', detail, { headers: { 'Retry-After': String(AGAIN_SECONDS) } })
  }
  // Also for one whose gateway died between the two: an id that is queued already is not queued again.
  await queue.add('compare', { problem }, { jobId: record.view.id })
  return record
}

const notThere = (detail: string) => new Problem('not-found', detail)
const notCompared = () =>
  notThere(
    'the submissions of this problem were not compared yet, or the result has expired; POST to /similarity compares them',
  )

/** The last comparison. One that waits or runs is queued again, for what the queue had of it may be lost. @throws Problem `not-found` */
async function lastOf({ comparisons, queue }: SimilarityNeeds, tenant: string, problem: string): Promise<Comparison> {
  const record = await comparisons.read(problem)
  if (record?.tenant !== tenant) throw notCompared()
  if (!isOver(record.view)) await queue.add('compare', { problem }, { jobId: record.view.id })
  return record.view
}

/** How a comparison is once it is over, or time is up; another one, if that has begun. @throws Problem `not-found` when it is gone */
async function untilOver(
  { comparisons }: SimilarityNeeds,
  problem: string,
  now: Comparison,
  seconds: number,
  signal: AbortSignal,
): Promise<Comparison> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(seconds * SECOND)])
  let view = now
  while (!isOver(view) && view.id === now.id && !late.aborted) {
    await sleep(POLL_MS, undefined, { signal: late }).catch(() => undefined)
    const record = await comparisons.read(problem)
    if (!record) throw notThere('the problem, or its comparison, was deleted')
    view = record.view
  }
  return view
}

/** What a comparison found, as far as its submissions are there. @throws Problem `not-found` */
async function similarityOf(
  { comparisons, records }: SimilarityNeeds,
  tenant: string,
  problem: string,
  least: number,
  withCode: boolean,
): Promise<Similarity> {
  const last = await comparisons.readWithPairs(problem)
  if (last?.record.tenant !== tenant) throw notCompared()
  const alike: SimilarPair[] = last.pairs.filter(({ similarity }) => similarity >= least / 100)
  const found = await records.summaries([...new Set(alike.flatMap(({ first, second }) => [first, second]))])
  const isThere = (id: string) => found.get(id)?.tenant === tenant
  const pairs = alike.filter(({ first, second }) => isThere(first) && isThere(second))
  if (withCode) await addCode(records, pairs, (id) => found.get(id)?.job.endUser)
  return { ...last.record.view, pairs }
}

/** @throws Problem `unavailable` while another is being made */
export async function oneAtATime<T>({ quoting }: Pick<SimilarityNeeds, 'quoting'>, make: () => Promise<T>): Promise<T> {
  if (quoting.isBusy) {
    const detail = `another report on similar submissions is being made; try again in ${QUOTED_SECONDS} s`
    throw new Problem('unavailable', detail, { headers: { 'Retry-After': String(QUOTED_SECONDS) } })
  }
  quoting.isBusy = true
  try {
    return await make()
  } finally {
    quoting.isBusy = false
  }
}

async function sendPage(
  needs: SimilarityNeeds,
  res: Response,
  { id, name, tenant }: { id: string; name: string; tenant: string },
  query: Static<typeof ReportQuery>,
): Promise<void> {
  const check = (found: Comparison) => {
    if (query.comparison !== undefined && query.comparison !== found.id) throw notThere(ANOTHER)
  }
  const last = await lastOf(needs, tenant, id)
  check(last)
  const least = leastOf(query)
  // One that shows progress quotes nothing.
  const similarity = isOver(last)
    ? await oneAtATime(needs, () => similarityOf(needs, tenant, id, least, true))
    : { ...last, pairs: [] }
  check(similarity)
  res.set({ ...similarityPageHeaders(isOver(similarity)), 'Cache-Control': 'no-store' })
  res.type('html').send(similarityPage({ problem: name, least, similarity }))
}

const ANOTHER = 'the submissions of this problem are compared anew; the comparison that was named is gone'
