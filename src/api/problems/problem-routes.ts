import { extname } from 'node:path/posix'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { ArchiveFault, ArchiveTooLarge, readArchive } from '../../shared/judging/archive.ts'
import { exportProblem } from '../../shared/judging/export-problem.ts'
import { pointsOfAll } from '../../shared/judging/group-points.ts'
import type {
  ExampleSubmission,
  InputValidator,
  Problem as JudgingProblem,
  ProblemFormat,
} from '../../shared/judging/problem.ts'
import { ValidProblem } from '../../shared/judging/problem-answers.ts'
import { contentOf, type ProblemStore } from '../../shared/judging/problem-store.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import {
  MAX_PROBLEM_FILES,
  MAX_PROBLEM_TESTS,
  MAX_PROBLEMS,
  StoredProblem,
} from '../../shared/judging/stored-problem.ts'
import { unreadFiles } from '../../shared/judging/unread-files.ts'
import { findLanguage, type Language } from '../../shared/language.ts'
import { languageOfExtension } from '../../shared/language-of-extension.ts'
import { checkJudging } from '../../shared/judging/check-judging.ts'
import { KIB } from '../../shared/limits.ts'
import { type FieldError, Problem } from '../../shared/problems.ts'
import { PATH } from '../http/openapi/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { type BodyBounds, defineRoute } from '../http/route.ts'
import { checkFiles } from '../jobs/request/check-request.ts'
import { checkHarness, checkLanguageLimits, checkLanguages } from '../judging/prepare-submission.ts'

export interface ProblemNeeds {
  problems: ProblemStore
  languages: readonly Language[]
  /** Of an archive, unpacked. */
  maxProblemBytes: number
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

const settingOf = (bytes: number) => `MAX_PROBLEM_BYTES, the most of a problem, is ${bytes}`

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
    async handle({ problems, ...needs }: ProblemNeeds, { res, caller, query, body, send }) {
      const found = problemIn(body.archive, needs)
      const { problem, examples, validators, leftOut } = found
      const known = { name: body.name, ...describe(found) }
      if (query.validate !== undefined && query.validate !== 'false') {
        const shown = examples.map(({ name, language, expected }) => ({ name, language, expected }))
        return send(200, {
          ...known,
          examples: shown,
          validators: validators.map(({ name, language }) => ({ name, language })),
          leftOut,
        })
      }
      const now = new Date().toISOString()
      const about: StoredProblem = { id: uuid(), version: 1, ...known, createdAt: now, updatedAt: now }
      if (!(await problems.put(caller.tenant, about, { ...problem, examples, validators }))) {
        const detail = `cannot be stored: you have ${MAX_PROBLEMS} problems, the most that is allowed; delete some first`
        throw invalidRequest([{ pointer: '', detail }])
      }
      res.location(`/v1/problems/${about.id}`)
      send(201, about)
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
      maxBytes: ARCHIVE_BODY,
    },
    answers: { 200: { description: 'The problem.', schema: StoredProblem } },
    problems: ['invalid-request'],
    async handle(needs: ProblemNeeds, { caller, params, body, send }) {
      const before = await ownProblem(needs, caller.tenant, params.id)
      const found = problemIn(body.archive, needs)
      const { id, createdAt, version } = before
      const changed = { name: body.name, ...describe(found), version: version + 1, updatedAt: new Date().toISOString() }
      const about: StoredProblem = { id, createdAt, ...changed }
      if (
        !(await needs.problems.replace(caller.tenant, about, {
          ...found.problem,
          examples: found.examples,
          validators: found.validators,
        }))
      ) {
        throw invalidRequest([
          { pointer: '', detail: 'was replaced or deleted in the meantime; read it and try again' },
        ])
      }
      send(200, about)
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
    cache: 'no-store',
    async handle(needs: ProblemNeeds, { caller, params, send }) {
      const about = await ownProblem(needs, caller.tenant, params.id)
      const content = await needs.problems.content(contentOf(about))
      if (!content) throw new Problem('not-found', 'the problem does not exist')
      send(200, { name: about.name, archive: exportProblem(content).toString('base64') })
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

interface FoundProblem {
  problem: JudgingProblem
  examples: ExampleSubmission[]
  validators: InputValidator[]
  leftOut: string[]
  format: ProblemFormat
  /** Of its files, unpacked. */
  bytes: number
}

const describe = ({ problem, examples, format, bytes }: FoundProblem) => ({
  format,
  tests: problem.tests?.length ?? 0,
  groups: problem.groups?.map(({ name }) => name) ?? [],
  points: pointsOfAll(problem.groups ?? [], problem.tests ?? []),
  bytes,
  submissions: examples.length,
  ...(problem.languages && { languages: problem.languages }),
})

/** The problem in an archive. @throws Problem `too-large`, or `invalid-request` with everything that is wrong with it */
function problemIn(
  archive: string,
  { languages, maxProblemBytes: maxBytes }: Pick<ProblemNeeds, 'languages' | 'maxProblemBytes'>,
): FoundProblem {
  const refuse = (details: readonly string[]) =>
    invalidRequest(details.map((detail) => ({ pointer: '/archive', detail })))
  const packed = Buffer.from(archive, 'base64')
  if (packed.length === 0) throw refuse(['is not base64'])
  let files: Map<string, Buffer>
  try {
    files = readArchive(packed, { maxBytes, maxFiles: MAX_PROBLEM_FILES, unread: unreadFiles })
  } catch (error) {
    if (error instanceof ArchiveTooLarge) {
      const detail = `${error.message}: ${settingOf(maxBytes)}`
      throw new Problem('too-large', `the archive ${detail}`, { errors: [{ pointer: '/archive', detail }] })
    }
    throw error instanceof ArchiveFault ? refuse([error.message]) : error
  }
  const read = readProblem(
    files,
    (path) => languageOfExtension(extname(path).toLowerCase(), languages),
    (name) => findLanguage(languages, name)?.id,
  )
  const { problem, faults } = read
  if (!read.problem || !problem)
    throw refuse(faults.map(({ path, detail }) => (path === '' ? detail : `${path}: ${detail}`)))
  if ((problem.tests?.length ?? 0) > MAX_PROBLEM_TESTS) {
    throw refuse([`has ${problem.tests?.length} tests; ${MAX_PROBLEM_TESTS} are allowed`])
  }
  const errors = [
    ...checkJudging({ language: '', ...problem }),
    ...checkHarness(problem.harness, languages),
    // Those of a package are of a list of its own, of which there may be some that are not known here.
    ...(read.format === 'folder' ? checkLanguages(problem.languages, languages) : []),
    ...checkLanguageLimits(problem.languageLimits, languages),
    ...(problem.harness ?? []).flatMap((one, index) =>
      checkFiles(one.files).map((error) => ({ ...error, pointer: `/harness/${index}${error.pointer}` })),
    ),
  ]
  if (errors.length > 0) throw refuse(errors.map(({ pointer, detail }: FieldError) => `${pointer} ${detail}`))
  const { examples, validators, leftOut, format } = read
  return {
    problem,
    examples,
    validators,
    leftOut,
    format,
    bytes: [...files.values()].reduce((sum, { length }) => sum + length, 0),
  }
}
