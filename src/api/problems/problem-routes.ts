import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { exportProblem } from '../../shared/judging/export-problem.ts'
import { ValidProblem } from '../../shared/judging/problem-answers.ts'
import { contentOf, type ProblemContent, type ProblemStore } from '../../shared/judging/problem-store.ts'
import { MAX_PROBLEMS, StoredProblem } from '../../shared/judging/stored-problem.ts'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { type BodyBounds, defineRoute } from '../http/route.ts'
import type { ByteSemaphore } from '../jobs/byte-semaphore.ts'
import { type ArchiveNeeds, problemIn, settingOf } from './read-problem-archive.ts'
import { sendArchive } from './send-archive.ts'
import type { Response } from 'express'

export interface ProblemNeeds extends ArchiveNeeds {
  problems: ProblemStore
  /** Room for the content of problems that are stored and exported, of which there is one at a time. */
  handling: ByteSemaphore
}

const ProblemRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'for people' }),
    archive: Type.String({
      minLength: 1,
      description: 'base64 of a zip, tar or tar.gz: a plain folder, or a problem package of Kattis or Polygon',
    }),
  },
  { additionalProperties: false },
)
const ProblemQuery = Type.Object(
  { validate: Type.Optional(Type.Enum(['', 'true', 'false'], { description: 'only say what the archive is' })) },
  { additionalProperties: false },
)
const ProblemArchive = Type.Object({ ...ProblemRequest.properties, name: Type.String() })
const ProblemList = Type.Object({ problems: Type.Array(StoredProblem, { description: 'newest first' }) })

const PROBLEM: StoredProblem = {
  id: '01a2072e-7983-76e0-a216-a5590488afdc',
  name: 'Sum',
  tests: 1,
  groups: [],
  points: 1,
  bytes: 6,
  version: 1,
  format: 'folder',
  submissions: 0,
  createdAt: '2027-01-31T12:00:00.000Z',
  updatedAt: '2027-01-31T12:00:00.000Z',
}
/** A tar.gz of `1.in` and `1.ans`. */
const SUM =
  'H4sIAAAAAAACA+3Tuw2AMAwAUddMkQlQbJzsQ0kDEp/9CZQUUAFC3Gss2W5P666Xm8Uiu++zOM7CRVOjKeVs216juUqI8oBlmtsxBBmHYT77u7p/lAarBL+lddtPr/dvx/5djf6f0FA/AAAAAAAAAAAAAADAp62daQsPACgAAA=='

/** Of a body with an archive of so many bytes. */
const ARCHIVE_BODY = {
  bytes: ({ maxProblemBytes }: BodyBounds) => Math.ceil((maxProblemBytes * 4) / 3) + 64 * KIB,
  because: ({ maxProblemBytes }: BodyBounds) => settingOf(maxProblemBytes),
}

export const ownProblem = async (
  { problems }: Pick<ProblemNeeds, 'problems'>,
  tenant: string,
  id: string,
): Promise<StoredProblem> => {
  const found = await problems.read(tenant, id.toLowerCase())
  if (!found) throw new Problem('not-found', 'the problem does not exist')
  return found
}

export const problemRoutes = [
  defineRoute({
    method: 'post',
    path: '/v1/problems',
    id: 'createProblem',
    tag: 'Judging',
    summary: 'Store a problem',
    description:
      'Takes an archive: a plain folder of `NAME.in` and `NAME.ans` with an optional `problem.json`, or a problem package of Kattis or Polygon. ' +
      'Jobs name the problem by its id in `problem`. With `validate` nothing is stored: the answer says what the archive is, or everything that is wrong with it.',
    scopes: ['jobs'],
    query: ProblemQuery,
    body: {
      schema: ProblemRequest,
      examples: { sum: { summary: 'A folder with one test', value: { name: 'Sum', archive: SUM } } },
      bulk: 'archive',
      maxBytes: ARCHIVE_BODY,
    },
    answers: {
      200: { description: 'With `validate`: what the archive is.', schema: ValidProblem },
      201: {
        description: 'The problem.',
        schema: StoredProblem,
        headers: ['Location'],
        examples: { sum: { summary: 'A problem with one test', value: PROBLEM } },
      },
    },
    schemas: { StoredProblem },
    problems: ['invalid-request'],
    async handle(needs: ProblemNeeds, { res, caller, query, body, takeBulk, send }) {
      const isTrial = query.validate !== undefined && query.validate !== 'false'
      await inTurn(needs, res, async () => {
        const { content, about: found, leftOut, notes } = problemIn(takeBulk(), needs)
        const known = { name: body.name, ...found }
        if (isTrial) return send(200, { ...known, ...programsOf(content), leftOut, ...notesOf(notes) })
        const now = new Date().toISOString()
        const about: StoredProblem = { id: uuid(), version: 1, ...known, createdAt: now, updatedAt: now }
        if (!(await needs.problems.put(caller.tenant, about, content))) {
          const detail = `cannot be stored: you have ${MAX_PROBLEMS} problems, the most that is allowed; delete some first`
          throw invalidRequest([{ pointer: '', detail }])
        }
        res.location(`/v1/problems/${about.id}`)
        send(201, { ...about, ...notesOf(notes) })
      })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/problems',
    id: 'listProblems',
    tag: 'Judging',
    summary: 'List your problems',
    scopes: ['jobs'],
    answers: { 200: { description: 'Your problems, newest first.', schema: ProblemList } },
    cache: 'no-store',
    async handle({ problems }: ProblemNeeds, { caller, send }) {
      send(200, { problems: await problems.list(caller.tenant) })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/problems/:id',
    id: 'readProblem',
    tag: 'Judging',
    summary: 'Read a problem without its tests',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: { 200: { description: 'The problem.', schema: StoredProblem } },
    cache: 'no-store',
    async handle(needs: ProblemNeeds, { caller, params, send }) {
      send(200, await ownProblem(needs, caller.tenant, params.id))
    },
  }),
  defineRoute({
    method: 'put',
    path: '/v1/problems/:id',
    id: 'replaceProblem',
    tag: 'Judging',
    summary: 'Store a new version of a problem',
    description:
      'Replaces its content; the id stays and `version` rises by 1. Jobs that wait are judged with the version they were submitted for.',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    body: {
      schema: ProblemRequest,
      examples: { sum: { summary: 'A folder with one test', value: { name: 'Sum', archive: SUM } } },
      bulk: 'archive',
      maxBytes: ARCHIVE_BODY,
    },
    answers: { 200: { description: 'The problem.', schema: StoredProblem } },
    problems: ['invalid-request'],
    async handle(needs: ProblemNeeds, { res, caller, params, body, takeBulk, send }) {
      const { id, createdAt, version } = await ownProblem(needs, caller.tenant, params.id)
      await inTurn(needs, res, async () => {
        const { content, about: found, notes } = problemIn(takeBulk(), needs)
        const changed = { name: body.name, ...found, version: version + 1, updatedAt: new Date().toISOString() }
        const about: StoredProblem = { id, createdAt, ...changed }
        if (!(await needs.problems.replace(caller.tenant, about, content))) {
          const detail = 'was replaced or deleted in the meantime; read it and try again'
          throw invalidRequest([{ pointer: '', detail }])
        }
        send(200, { ...about, ...notesOf(notes) })
      })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/problems/:id/archive',
    id: 'exportProblem',
    tag: 'Judging',
    summary: 'Export a problem with its tests',
    description:
      'Returns a body for `POST /v1/problems` that makes the same problem: a plain folder, whatever it was made of.',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: { 200: { description: 'Its name, and the archive as base64 of a tar.gz.', schema: ProblemArchive } },
    async handle(needs: ProblemNeeds, { res, caller, params }) {
      const about = await ownProblem(needs, caller.tenant, params.id)
      const archive = await inTurn(needs, res, async () => {
        const content = await needs.problems.content(contentOf(about))
        if (!content) throw new Problem('not-found', 'the problem does not exist')
        return exportProblem(content)
      })
      await sendArchive(res, about.name, archive)
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/problems/:id',
    id: 'deleteProblem',
    tag: 'Judging',
    summary: 'Delete a problem',
    description: 'Jobs that wait are still judged with it.',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: { 204: { description: 'It is deleted.' } },
    async handle(needs: ProblemNeeds, { caller, params, send }) {
      const { id } = await ownProblem(needs, caller.tenant, params.id)
      await needs.problems.remove(caller.tenant, id)
      send(204)
    },
  }),
]

/** What an archive has to try a problem with, as it is told. */
const programsOf = ({ examples = [], validators = [] }: ProblemContent) => ({
  examples: examples.map(({ name, language, expected }) => ({ name, language, expected })),
  validators: validators.map(({ name, language }) => ({ name, language })),
})

/** Not kept: of the archive that was sent. */
const notesOf = (notes: string[]) => (notes.length > 0 ? { notes } : {})

/**
 * Does what holds a problem with all its tests in memory when no other such task runs here: they go in turn.
 * @param handling of as many bytes as a problem may have
 * @throws what the task throws; Problem `unavailable` when the client goes away first
 */
async function inTurn<T>(
  { handling, maxProblemBytes }: { handling: ByteSemaphore; maxProblemBytes: number },
  res: Response,
  task: () => Promise<T>,
): Promise<T> {
  const gone = new AbortController()
  const onClose = () => gone.abort(new Problem('unavailable', 'the request ended before it was answered'))
  res.once('close', onClose)
  if (res.destroyed) onClose()
  const leave = await handling.enter(maxProblemBytes, gone.signal)
  try {
    return await task()
  } finally {
    res.off('close', onClose)
    leave()
  }
}
