import type { JobStoredFile } from '../files/stored-file.ts'
import type { SourceFile } from '../job.ts'
import type { Limits } from '../limits.ts'

/** How a job with tests is judged, checked and complete. */
export interface JudgingSpec {
  checker: CheckerSpec
  /** Talks to the program. Of what it accepts, a checker that is a program judges what it wrote to its output file. */
  interactor?: JudgeProgram
  groups: TestGroup[]
  /** The first test that is not accepted is the last that runs. */
  stopOnFailure: boolean
  /** Runs of the program for one test, at most; 1 when absent. */
  passes?: number
}

export type CheckerSpec = BuiltInChecker | { type: 'program'; program: JudgeProgram }

/** A comparison of output and answer that needs no program. */
export interface BuiltInChecker {
  type: 'exact' | 'lines' | 'tokens' | 'numbers' | 'unordered-lines'
  /** Whether letter case counts. Not of `exact`. */
  ignoreCase: boolean
  /** Errors that numbers may have, one of which is enough. Of `numbers` alone. */
  absolute: number
  relative: number
}

/** Whose exit codes and files a checker or an interactor has: `kattis` 42 and 43, `testlib` 0, 1, 2, 3 and 7. */
export const PROTOCOLS = ['kattis', 'testlib'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** A checker or an interactor. */
export interface JudgeProgram {
  protocol: Protocol
  language: string
  files: SourceFile[]
  /** Files that the worker gets from the file store. */
  storedFiles?: JobStoredFile[]
  entrypoint: string
  args: string[]
  compilerArgs: string[]
  limits: Limits
}

/** How the scores of a group's tests, and of the groups within it, become one. */
export const SCORINGS = ['sum', 'min', 'max', 'average'] as const
/** Of how many of these a group must be accepted to be accepted itself. */
export const COUNTS = ['all', 'any', 'always'] as const

/** Tests that are scored together. */
export interface TestGroup {
  name: string
  /** The most it can give; undefined: what comes of the most that its tests, and the groups within it, can give. */
  points?: number
  /** Of its tests, parts of its points; of a group with others within it, scores. */
  scoring: (typeof SCORINGS)[number]
  /** Name of the group that counts its score. */
  within?: string
  /** When it is accepted; undefined: when all is, which matters for nothing but what requires it. */
  counts?: (typeof COUNTS)[number]
  /** What a test gives that is not accepted. */
  rejectedPoints?: number
  /** Names of groups of which every test must be accepted, or none of this one runs. */
  requires: string[]
  /** The first of its tests, or of the groups within it, that is not accepted is the last of it that runs. */
  stopOnFailure: boolean
}

/** A test gives one point unless it says otherwise. */
export const DEFAULT_POINTS = 1

/** The programs that judge: an interactor before a checker. */
export function judgesOf(judging: JudgingSpec | undefined): JudgeProgram[] {
  if (!judging) return []
  const { interactor, checker } = judging
  return [...(interactor ? [interactor] : []), ...(checker.type === 'program' ? [checker.program] : [])]
}

/** The language of a submission to an output-only problem. */
export const OUTPUT_LANGUAGE = 'text'
