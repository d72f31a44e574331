import Type, { type Static, type TSchema } from 'typebox'
import { LimitOverrides } from '../limits.ts'
import { COUNTS, PROTOCOLS, SCORINGS } from './judging-spec.ts'

const optional = Type.Optional

export const MAX_GROUPS = 100
export const MAX_HARNESSES = 50
/** That a problem names. */
export const MAX_LANGUAGES = 200
/** Runs of a program for one test. */
export const MAX_PASSES = 10
/** Of a test, and of a group. */
export const MAX_POINTS = 1_000_000
/** The folder of a judge's program that has the input, the answer and the output of a test. */
export const JUDGE_FOLDER = '.judge'

/** In characters. */
export const MAX_GROUP_NAME = 64
const GroupName = Type.String({ minLength: 1, maxLength: MAX_GROUP_NAME })
const points = (description: string) => Type.Number({ minimum: 0, maximum: MAX_POINTS, description })

/** Limits that each test may have to itself. The others belong to the job's file system and memory, which all its tests share. */
export const TestLimits = Type.Pick(
  LimitOverrides,
  ['wallMs', 'cpuMs', 'processes', 'outputBytes', 'openFiles', 'stackBytes'],
  { additionalProperties: false, description: 'instead of those of the job' },
)

/** Fields of a test that are about judging it. */
export const testFields = {
  answer: optional(Type.String({ description: 'what the checker compares with: another name for `expectedOutput`' })),
  limits: optional(TestLimits),
  points: optional(points('what it gives when accepted; 1 when absent')),
  group: optional(Type.String({ minLength: 1, maxLength: MAX_GROUP_NAME, description: 'name of one of `groups`' })),
  secret: optional(
    Type.Boolean({ description: 'keep its output and what the checker tells judges out of events and results' }),
  ),
}

export const RequestGroup = Type.Object(
  {
    name: GroupName,
    points: optional(points('what it gives at most; the sum of the points of its tests when absent')),
    scoring: optional(
      Type.Enum([...SCORINGS], {
        description:
          '`sum` of the scores of its tests (default), or `min`, `max`, `average`: its points times its worst test, its best, or the average; ' +
          'of a group with groups within it, their scores themselves',
      }),
    ),
    within: optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'name of the group that counts its score, and may stop and refuse it',
      }),
    ),
    counts: optional(
      Type.Enum([...COUNTS], {
        description:
          'when the group is accepted: if `all` or `any` of its tests and the groups within it are, or `always`; one that is within no other and not accepted gives nothing. ' +
          'When absent, it gives what its tests do',
      }),
    ),
    rejectedPoints: optional(points('what a test of the group gives that is not accepted; 0 when absent')),
    requires: optional(
      Type.Array(GroupName, {
        maxItems: MAX_GROUPS,
        description: 'groups without which it gives nothing and does not run',
      }),
    ),
    stopOnFailure: optional(
      Type.Boolean({
        description: 'skip the rest of the group after a test, or a group within it, that is not accepted',
      }),
    ),
  },
  { additionalProperties: false },
)

const factor = (description: string) => optional(Type.Number({ minimum: 0.1, maximum: 100, description }))

/** What programs in one language may take. */
export const LanguageLimits = Type.Object(
  {
    timeFactor: factor('times the `cpuMs` and `wallMs` of the problem and its tests'),
    memoryFactor: factor('times the `memoryBytes` of the problem'),
    limits: optional(LimitOverrides),
  },
  { additionalProperties: false },
)
export type LanguageLimits = Static<typeof LanguageLimits>

/** Files that a program is compiled or run with. @param file their schema */
export const harnessOf = <T extends TSchema>(file: T, maxFiles: number) =>
  Type.Object(
    {
      language: Type.String({ minLength: 1, maxLength: 32, description: 'of the programs that get them' }),
      files: Type.Array(file, { minItems: 1, maxItems: maxFiles }),
      entrypoint: optional(
        Type.String({ minLength: 1, maxLength: 1024, description: 'the one of `files` to run instead of the program' }),
      ),
      submission: optional(
        Type.String({ minLength: 1, maxLength: 1024, description: 'path of the program that is sent as `code`' }),
      ),
    },
    { additionalProperties: false },
  )

/** A program of the judges'. @param file schema of its files */
function programFields<T extends TSchema>(file: T, maxFiles: number) {
  return {
    protocol: optional(
      Type.Enum([...PROTOCOLS], {
        description: '`kattis` (default): exit codes 42, 43, feedback files; `testlib`: exit codes 0, 1, 2, 3, 7',
      }),
    ),
    code: optional(Type.String({ description: 'the program; either this or `files`' })),
    files: optional(Type.Array(file, { minItems: 1, maxItems: maxFiles })),
    entrypoint: optional(Type.String({ minLength: 1, maxLength: 1024, description: 'the one of `files` to run' })),
    args: optional(Type.Array(Type.String(), { maxItems: 256, description: 'arguments after those of the protocol' })),
    compilerArgs: optional(Type.Array(Type.String(), { maxItems: 64, description: 'arguments of the compiler' })),
    limits: optional(LimitOverrides),
  }
}

const language = Type.String({ minLength: 1, maxLength: 32, description: 'id or alias, see GET /v1/runtimes' })

/** How output is compared. @param file schema of the files of a program */
export const checkerOf = <T extends TSchema>(file: T, maxFiles: number) =>
  Type.Object(
    {
      type: Type.Enum(['exact', 'lines', 'tokens', 'numbers', 'unordered-lines', 'program'], {
        description: '`lines` when there is no checker; `program` has `language` and `code` or `files`',
      }),
      ignoreCase: optional(Type.Boolean({ description: 'letter case does not count; not with `exact` or `program`' })),
      absolute: optional(
        Type.Number({
          minimum: 0,
          maximum: 1e18,
          description: 'largest absolute error of `numbers`; 1e-6 when both are absent',
        }),
      ),
      relative: optional(
        Type.Number({
          minimum: 0,
          maximum: 1,
          description: 'largest relative error of `numbers`; 1e-6 when both are absent',
        }),
      ),
      language: optional(language),
      ...programFields(file, maxFiles),
    },
    { additionalProperties: false },
  )

/** What talks to the program. @param file schema of its files */
export const interactorOf = <T extends TSchema>(file: T, maxFiles: number) =>
  Type.Object({ language, ...programFields(file, maxFiles) }, { additionalProperties: false })
