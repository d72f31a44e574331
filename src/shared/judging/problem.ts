import type { CodeRequest } from '../requests.ts'

/** What of a request a problem says: everything but the program that is judged. */
export type Problem = Pick<
  CodeRequest,
  'tests' | 'checker' | 'interactor' | 'groups' | 'stopOnFailure' | 'secret' | 'limits'
>

/** What is wrong in a folder. */
export interface ProblemFault {
  /** Relative to the folder. */
  path: string
  detail: string
}

/** The problem, or what is wrong with its folder. */
export type ReadProblem = { problem: Problem; faults: [] } | { problem: undefined; faults: ProblemFault[] }
