import Type, { type Static } from 'typebox'
import { Verdict } from './verdict.ts'

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const score = (description: string) => Type.Number({ minimum: 0, description })

/** What a checker or an interactor took. */
export const CheckTimes = Type.Object({ wallMs: Type.Number(), cpuMs: Type.Number(), memoryPeakBytes: Type.Integer() })
export type CheckTimes = Static<typeof CheckTimes>

/** What is said of a test, with its stage. */
export const TestJudging = Type.Object({
  verdict: Verdict,
  score: score('of its `points`; its group may count it otherwise'),
  points: score('the most it can get'),
  feedback: Type.Optional(Type.String({ description: 'what the checker says to the author of the program' })),
  judgeMessage: Type.Optional(
    Type.String({ description: 'what the checker says to judges; absent for a secret test' }),
  ),
  check: Type.Optional(CheckTimes),
  runs: Type.Optional(
    Type.Integer({
      minimum: 2,
      description: 'how often it was run, if again: its time was near the limit, or the machine was too busy',
    }),
  ),
  passes: Type.Optional(
    Type.Integer({ minimum: 2, description: 'passes that the judge asked for; times and output are of all' }),
  ),
  load: Type.Optional(
    Type.Number({ minimum: 0, description: 'how busy the machine was: 1 is as many processes as processors' }),
  ),
  instructions: Type.Optional(
    orNull(
      Type.Integer({
        minimum: 0,
        description:
          'what its processes executed outside of the kernel; null where the machine counts none, and for a secret test',
      }),
    ),
  ),
})
export type TestJudging = Static<typeof TestJudging>

/** What is said of a group of tests. */
export const GroupJudging = Type.Object({
  name: Type.String(),
  verdict: orNull(Verdict),
  score: score('of its `points`'),
  points: score('the most it can get'),
})
export type GroupJudging = Static<typeof GroupJudging>

/** What is said of a job with tests once it has ended. */
export const JobJudging = Type.Object(
  {
    verdict: Verdict,
    score: score('of its `points`'),
    points: score('the most it can get'),
    groups: Type.Array(GroupJudging, {
      description: 'in the order of the request; `verdict` is null if none of its tests ran',
    }),
    problem: Type.Optional(
      Type.Object(
        { id: Type.String({ format: 'uuid' }), version: Type.Integer({ minimum: 1 }) },
        { description: 'the stored problem it was judged with' },
      ),
    ),
    skipped: Type.Array(Type.Integer({ minimum: 0 }), { description: 'places in `tests` of those that did not run' }),
  },
  { description: 'of a job with `tests` that has ended' },
)
export type JobJudging = Static<typeof JobJudging>
