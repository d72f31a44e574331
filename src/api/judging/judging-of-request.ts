import type { JobSpec } from '../../shared/job.ts'
import { JUDGE_FOLDER } from '../../shared/judging/judging-request.ts'
import type {
  BuiltInChecker,
  CheckerSpec,
  JudgeProgram,
  JudgingSpec,
  TestGroup,
} from '../../shared/judging/judging-spec.ts'
import { OF_TESTS } from '../../shared/judging/check-judging.ts'
import { contentOf, type ProblemStore } from '../../shared/judging/problem-store.ts'
import type { StoredProblem } from '../../shared/judging/stored-problem.ts'
import { type FieldError, Problem } from '../../shared/problems.ts'
import type { Checker, CodeRequest, Interactor } from '../../shared/requests.ts'
import { invalidRequest, problemWithin } from '../http/problems.ts'

/** What a request that names a problem cannot say itself. */
const OF_PROBLEM = ['tests', 'expectedOutput', 'stdin', ...OF_TESTS] as const

/**
 * A request with what the problem has that it names, its limits among that.
 * @param as the version that is meant, whatever is stored by now; the newest when absent
 * @throws Problem when there is no such problem of the tenant, or the request says itself what problems say
 */
export async function withProblem(
  request: CodeRequest,
  tenant: string,
  problems: Pick<ProblemStore, 'read' | 'content'>,
  as?: Pick<StoredProblem, 'id' | 'version'>,
): Promise<CodeRequest> {
  if (request.problem === undefined) return request
  const id = request.problem.toLowerCase()
  const taken = OF_PROBLEM.filter((name) => request[name] !== undefined)
  if (taken.length > 0) {
    throw invalidRequest(taken.map((name) => ({ pointer: `/${name}`, detail: 'cannot be used with /problem' })))
  }
  const about = as ?? (await problems.read(tenant, id))
  const content = about && (await problems.content(contentOf(about)))
  if (!content) throw invalidRequest([{ pointer: '/problem', detail: 'is not the id of a problem of yours' }])
  const { examples: _examples, validators: _validators, ...problem } = content
  const { limits: _own, ...rest } = request
  return { ...rest, ...problem, problem: contentOf(about) }
}

/**
 * How the tests of a checked request are judged.
 * @param build makes a job of a request, as which the programs of the judges are checked
 * @returns undefined without tests
 * @throws Problem of such a program, with its place
 */
export async function judgingOf(
  request: CodeRequest,
  build: (program: CodeRequest) => Promise<JobSpec>,
): Promise<JudgingSpec | undefined> {
  const { tests, checker, interactor, groups = [], stopOnFailure = false, passes = 1 } = request
  if (!tests) return undefined
  return {
    checker: await checkerOf(checker, build),
    ...(interactor && { interactor: await programOf('/interactor', interactor, build) }),
    groups: groups.map((group): TestGroup => ({ scoring: 'sum', requires: [], stopOnFailure: false, ...group })),
    stopOnFailure,
    ...(passes > 1 && { passes }),
  }
}

const DEFAULT_ERROR = 1e-6

async function checkerOf(
  checker: Checker | undefined,
  build: (program: CodeRequest) => Promise<JobSpec>,
): Promise<CheckerSpec> {
  const { type, ignoreCase = false, absolute, relative, language = '', ...program } = checker ?? { type: 'lines' }
  if (type === 'program') return { type, program: await programOf('/checker', { language, ...program }, build) }
  const otherwise = absolute === undefined && relative === undefined ? DEFAULT_ERROR : 0
  return { type, ignoreCase, absolute: absolute ?? otherwise, relative: relative ?? otherwise } satisfies BuiltInChecker
}

async function programOf(
  place: string,
  { protocol = 'kattis', ...request }: Interactor,
  build: (program: CodeRequest) => Promise<JobSpec>,
): Promise<JudgeProgram> {
  const { head, files, storedFiles, entrypoint, args, compilerArgs } = await build(request).catch((error: unknown) => {
    throw error instanceof Problem ? problemWithin(place, error) : error
  })
  const errors = checkReserved(request.files ?? files)
  if (errors.length > 0) throw problemWithin(place, invalidRequest(errors))
  return {
    protocol,
    language: head.language ?? '',
    files,
    ...(storedFiles && { storedFiles }),
    entrypoint,
    args,
    compilerArgs,
    limits: head.limits,
  }
}

/** Files of a judge that would lie where it finds the input, the answer and the output. */
export const checkReserved = (files: readonly { path: string }[]): FieldError[] =>
  files.flatMap(({ path }, index) =>
    path === JUDGE_FOLDER || path.startsWith(`${JUDGE_FOLDER}/`)
      ? [
          {
            pointer: `/files/${index}/path`,
            detail: `is in ${JUDGE_FOLDER}, the folder of input, answer and output`,
          },
        ]
      : [],
  )
