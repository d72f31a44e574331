import type { CodeRequest, InlineFile } from '../requests.ts'
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

/** What is wrong in a folder. */
export interface ProblemFault {
  /** Relative to the folder. */
  path: string
  detail: string
}

export type Tell = (path: string, detail: string) => void

/** The problem, or what is wrong with its folder. */
export type ReadProblem =
  | { problem: Problem; examples: ExampleSubmission[]; format: ProblemFormat; faults: [] }
  | { problem: undefined; faults: ProblemFault[] }

/** What a folder was written for. */
export const PROBLEM_FORMATS = ['folder', 'kattis', 'polygon'] as const
export type ProblemFormat = (typeof PROBLEM_FORMATS)[number]

/** What a reader of one format comes to. */
export function readProblemOf(
  format: ProblemFormat,
  problem: Problem,
  examples: ExampleSubmission[],
  faults: ProblemFault[],
): ReadProblem {
  return faults.length > 0 ? { problem: undefined, faults } : { problem, examples, format, faults: [] }
}
