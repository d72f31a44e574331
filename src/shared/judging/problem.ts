import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { LimitOverrides } from '../limits.ts'
import { Checker, type CodeRequest, type InlineFile, Interactor, MAX_TEST_NAME, RequestTest } from '../requests.ts'
import type { FieldError } from '../problems.ts'
import { pointerTo } from '../json-pointer.ts'
import { checkJudging } from './check-judging.ts'
import type { Protocol } from './judging-spec.ts'
import { MAX_GROUP_NAME, MAX_PASSES, RequestGroup } from './judging-request.ts'
import type { Verdict } from './verdict.ts'

/** What of a request a problem says: everything but the program that is judged. */
export type Problem = Pick<
  CodeRequest,
  | 'tests'
  | 'checker'
  | 'interactor'
  | 'groups'
  | 'stopOnFailure'
  | 'secret'
  | 'limits'
  | 'languages'
  | 'languageLimits'
  | 'harness'
  | 'passes'
  | 'outputOnly'
>

/** A program that comes with a problem, to try it with. */
export interface ExampleSubmission {
  /** In its package. */
  name: string
  language: string
  files: InlineFile[]
  entrypoint: string
  /** One of these is its verdict, or the problem is not as its authors say. */
  expected: Verdict[]
  /** Whether its score is neither nothing nor everything. */
  isPartial: boolean
}

/** A program that says whether the inputs of tests are as the statement of the problem promises. */
export interface InputValidator {
  /** In its package. */
  name: string
  language: string
  files: InlineFile[]
  entrypoint: string
  protocol: Protocol
  /** By the place of the test, the arguments it is called with. */
  args: string[][]
}

/** What is wrong in a folder. */
export interface ProblemFault {
  /** Relative to the folder. */
  path: string
  detail: string
  /** Of the value in that file which it is about, as JSON pointers name one: its line is told then. */
  pointer?: string | undefined
}

/** Programs of one kind, and those that cannot be run. */
export interface Programs<T> {
  found: T[]
  /** Paths in the package. */
  leftOut: string[]
}

export type Tell = (path: string, detail: string, pointer?: string) => void

/** The path of an example submission in its package. */
export const examplePath = (format: ProblemFormat, { name }: Pick<ExampleSubmission, 'name'>): string =>
  format === 'polygon' ? name : `submissions/${name}`

/** Programs that come with a problem and have no part in judging. */
export interface ReadPrograms {
  examples: ExampleSubmission[]
  validators: InputValidator[]
  /** Paths of those that cannot be run: of no known language, of one that the problem does not allow, or built by scripts. Those in known languages that are not installed are no such. */
  leftOut: string[]
}

/** The problem, or what is wrong with its folder. */
export type ReadProblem =
  | ({
      problem: Problem
      format: ProblemFormat
      faults: []
      /** What is in the folder and not read, though it may be meant. */
      notes: ProblemFault[]
    } & ReadPrograms)
  | { problem: undefined; faults: ProblemFault[] }

/** What a folder was written for. */
export const PROBLEM_FORMATS = ['folder', 'kattis', 'polygon'] as const
export type ProblemFormat = (typeof PROBLEM_FORMATS)[number]

const SETTINGS_OF: Record<ProblemFormat, string> = {
  folder: 'problem.json',
  kattis: 'problem.yaml',
  polygon: 'problem.xml',
}

/** What a reader of one format comes to. */
export function readProblemOf(
  format: ProblemFormat,
  problem: Problem,
  programs: ReadPrograms,
  faults: ProblemFault[],
  notes: readonly ProblemFault[] = [],
): ReadProblem {
  // Those of a plain folder are checked with its other settings.
  if (format !== 'folder') faults.push(...outOfRange(problem))
  faults.push(
    ...[...valuesOutOfRange(problem), ...longNames(problem)].map(({ pointer, detail }) => ({
      path: SETTINGS_OF[format],
      detail: `${pointer} ${detail}`,
      pointer: ownPointer(problem, pointer),
    })),
  )
  // What is missing may be what others name.
  if (faults.length === 0) {
    const wrong = checkJudging({ language: '', ...problem })
    faults.push(
      ...wrong.map(({ pointer, detail }) => ({
        path: SETTINGS_OF[format],
        detail: `${pointer} ${detail}`,
        pointer: ownPointer(problem, pointer),
      })),
    )
  }
  return faults.length > 0
    ? { problem: undefined, faults: mostOf(faults) }
    : { problem, ...programs, format, faults: [], notes: mostOf(notes, 'notes') }
}

/** In `problem.json` tests stand by their names. Other settings are in no place of a job's. */
const ownPointer = ({ tests = [] }: Problem, pointer: string): string =>
  pointer.replace(/^\/tests\/(\d+)/, (_, index: string) => pointerTo('tests', tests[Number(index)]?.name ?? index))

const MAX_FAULTS = 100
const MAX_FAULT_CHARACTERS = 1000

/** Faults may quote their files, and be as many as these have words. */
function mostOf(faults: readonly ProblemFault[], what = 'faults'): ProblemFault[] {
  const first = faults
    .slice(0, MAX_FAULTS)
    .map(({ detail, ...rest }) => ({ ...rest, detail: detail.slice(0, MAX_FAULT_CHARACTERS) }))
  const more = faults.length - first.length
  return more > 0 ? [...first, { path: '', detail: `and ${more} more ${what}` }] : first
}

export const withPrograms = (
  examples: Programs<ExampleSubmission>,
  validators: Programs<InputValidator>,
): ReadPrograms => ({
  examples: examples.found,
  validators: validators.found,
  leftOut: [...examples.leftOut, ...validators.leftOut],
})

const limitsCheck = Compile(LimitOverrides)
const ANY_OTHERS = { additionalProperties: true }

/** Limits that no job can have. */
function outOfRange({ limits = {}, checker, interactor, passes = 1 }: Problem): ProblemFault[] {
  const given = {
    limits,
    'limits of the checker': checker?.limits ?? {},
    'limits of the interactor': interactor?.limits ?? {},
  }
  const faults = Object.entries(given).flatMap(([of, values]) =>
    limitsCheck
      .Errors(values)
      .map(({ instancePath, message }) => ({ path: '', detail: `${of}: ${instancePath.slice(1)} ${message}` })),
  )
  if (passes < 1 || passes > MAX_PASSES)
    faults.push({ path: '', detail: `has ${passes} passes; 1 to ${MAX_PASSES} are allowed` })
  return faults
}

const OF_JUDGES = ['files', 'entrypoint', 'args', 'compilerArgs'] as const

/** What jobs have bounds for, of all that problems state beside limits: points, errors of numbers, arguments, files of judges. */
const valuesCheck = Compile(
  Type.Object({
    tests: Type.Optional(Type.Array(Type.Pick(RequestTest, ['points', 'args'], ANY_OTHERS))),
    groups: Type.Optional(Type.Array(Type.Pick(RequestGroup, ['points', 'rejectedPoints'], ANY_OTHERS))),
    checker: Type.Optional(Type.Pick(Checker, ['absolute', 'relative', ...OF_JUDGES], ANY_OTHERS)),
    interactor: Type.Optional(Type.Pick(Interactor, [...OF_JUDGES], ANY_OTHERS)),
  }),
)

/** Values that no job can have: to count with them would give other scores and verdicts than anybody meant. */
const valuesOutOfRange = (problem: Problem): FieldError[] =>
  valuesCheck.Check(problem)
    ? []
    : valuesCheck.Errors(problem).map(({ instancePath, message }) => ({ pointer: instancePath, detail: message }))

const MAX_SHOWN = 60

/** Names that are longer than those of a request: of files, folders and elements of packages they may be anything. */
function longNames({ tests = [], groups = [] }: Problem): FieldError[] {
  const longIn = (place: string, most: number, named: readonly { name?: string }[]) =>
    named.flatMap(({ name = '' }, index) => {
      const { length } = Array.from(name)
      if (length <= most) return []
      const detail = `is "${name.slice(0, MAX_SHOWN)}...", ${length} characters; ${most} are allowed`
      return [{ pointer: `/${place}/${index}/name`, detail }]
    })
  return [...longIn('tests', MAX_TEST_NAME, tests), ...longIn('groups', MAX_GROUP_NAME, groups)]
}
