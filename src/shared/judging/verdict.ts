import Type from 'typebox'

/** What is said of a tested program, in the words of programming contests. A job's `status` is finer about how it ended. */
export const VERDICTS = [
  'accepted',
  'wrong-answer',
  'presentation-error',
  'time-limit',
  'memory-limit',
  'output-limit',
  'runtime-error',
  'compile-error',
  'judge-error',
] as const
export const Verdict = Type.Enum(VERDICTS, {
  description:
    '`presentation-error`: only white space differs; `judge-error`: the checker or interactor failed, not the program',
})
export type Verdict = (typeof VERDICTS)[number]
