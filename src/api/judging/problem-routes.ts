import { extname } from 'node:path/posix'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { readArchive, ArchiveFault } from '../../shared/judging/archive.ts'
import type { Problem as JudgingProblem } from '../../shared/judging/problem.ts'
import type { ProblemStore } from '../../shared/judging/problem-store.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import {
  MAX_PROBLEM_BYTES,
  MAX_PROBLEM_FILES,
  MAX_PROBLEM_TESTS,
  MAX_PROBLEMS,
  StoredProblem,
} from '../../shared/judging/stored-problem.ts'
import { DEFAULT_POINTS } from '../../shared/judging/judging-spec.ts'
import type { Language } from '../../shared/language.ts'
import { KIB } from '../../shared/limits.ts'
import { type FieldError, Problem } from '../../shared/problems.ts'
import { PATH } from '../http/openapi/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { checkJudging } from './judging-of-request.ts'

export interface ProblemNeeds {
  problems: ProblemStore
  languages: readonly Language[]
}

const ProblemRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'for people' }),
    archive: Type.String({
      minLength: 1,
      description: 'base64 of a zip, tar or tar.gz: a plain folder, or a problem package of Kattis',
    }),
  },
  { additionalProperties: false },
)
const ProblemList = Type.Object({ problems: Type.Array(StoredProblem, { description: 'newest first' }) })

const PROBLEM: StoredProblem = {
  id: '01a2072e-7983-76e0-a216-a5590488afdc',
  name: 'Sum',
  tests: 1,
  groups: [],
  points: 1,
  bytes: 6,
  createdAt: '2027-01-31T12:00:00.000Z',
}
/** A tar.gz of `1.in` and `1.ans`. */
const SUM =
  'H4sIAAAAAAACA+3Tuw2AMAwAUddMkQlQbJzsQ0kDEp/9CZQUUAFC3Gss2W5P666Xm8Uiu++zOM7CRVOjKeVs216juUqI8oBlmtsxBBmHYT77u7p/lAarBL+lddtPr/dvx/5djf6f0FA/AAAAAAAAAAAAAADAp62daQsPACgAAA=='

const own = async ({ problems }: ProblemNeeds, tenant: string, id: string): Promise<StoredProblem> => {
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
      'Takes an archive: a plain folder of `NAME.in` and `NAME.ans` with an optional `problem.json`, or a problem package of Kattis. ' +
      'Jobs name the problem by its id in `problem`. A problem never changes; store another instead.',
    scopes: ['jobs'],
    body: {
      schema: ProblemRequest,
      examples: { sum: { summary: 'A folder with one test', value: { name: 'Sum', archive: SUM } } },
      maxBytes: Math.ceil((MAX_PROBLEM_BYTES * 4) / 3) + 64 * KIB,
    },
    answers: {
      201: {
        description: 'The problem.',
        schema: StoredProblem,
        headers: ['Location'],
        examples: { sum: { summary: 'A problem with one test', value: PROBLEM } },
      },
    },
    schemas: { StoredProblem },
    problems: ['invalid-request'],
    async handle({ problems, languages }: ProblemNeeds, { res, caller, body, send }) {
      const { problem, bytes } = problemIn(body.archive, languages)
      const about: StoredProblem = {
        id: uuid(),
        name: body.name,
        tests: problem.tests?.length ?? 0,
        groups: problem.groups?.map(({ name }) => name) ?? [],
        points: pointsOf(problem),
        bytes,
        createdAt: new Date().toISOString(),
      }
      if (!(await problems.put(caller.tenant, about, problem))) {
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
      send(200, await own(needs, caller.tenant, params.id))
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
      const { id } = await own(needs, caller.tenant, params.id)
      await needs.problems.remove(caller.tenant, id)
      send(204)
    },
  }),
]

/** The problem in an archive. @throws Problem `invalid-request` with everything that is wrong with it */
function problemIn(archive: string, languages: readonly Language[]): { problem: JudgingProblem; bytes: number } {
  const refuse = (details: readonly string[]) =>
    invalidRequest(details.map((detail) => ({ pointer: '/archive', detail })))
  const packed = Buffer.from(archive, 'base64')
  if (packed.length === 0) throw refuse(['is not base64'])
  let files: Map<string, Buffer>
  try {
    files = readArchive(packed, { maxBytes: MAX_PROBLEM_BYTES, maxFiles: MAX_PROBLEM_FILES })
  } catch (error) {
    throw error instanceof ArchiveFault ? refuse([error.message]) : error
  }
  const { problem, faults } = readProblem(files, (path) => languageOf(path, languages))
  if (!problem) throw refuse(faults.map(({ path, detail }) => (path === '' ? detail : `${path}: ${detail}`)))
  if ((problem.tests?.length ?? 0) > MAX_PROBLEM_TESTS) {
    throw refuse([`has ${problem.tests?.length} tests; ${MAX_PROBLEM_TESTS} are allowed`])
  }
  const errors = checkJudging({ language: '', ...problem })
  if (errors.length > 0) throw refuse(errors.map(({ pointer, detail }: FieldError) => `${pointer} ${detail}`))
  return { problem, bytes: [...files.values()].reduce((sum, { length }) => sum + length, 0) }
}

const OTHER_EXTENSIONS: Record<string, string> = {
  '.cc': 'cpp',
  '.cxx': 'cpp',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
}

/** The language of a file by its extension: the one that has it for a name, else the first whose programs have it. */
function languageOf(path: string, languages: readonly Language[]): string | undefined {
  const extension = extname(path).toLowerCase()
  if (extension === '') return undefined
  const name = extension.slice(1)
  const found =
    languages.find(({ id, aliases }) => id === name || aliases.includes(name)) ??
    languages.find(({ fileName }) => extname(fileName) === extension)
  return found?.id ?? OTHER_EXTENSIONS[extension]
}

function pointsOf({ tests = [], groups = [] }: JudgingProblem): number {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const of = (name: string | undefined) => sum(tests.filter(({ group }) => group === name).map(({ points = DEFAULT_POINTS }) => points)) // prettier-ignore
  return of(undefined) + sum(groups.map(({ name, points }) => points ?? of(name)))
}
