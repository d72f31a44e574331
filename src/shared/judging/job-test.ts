import Type, { type Static } from 'typebox'

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** A test of a job, as operators compare it with what the program wrote. */
export const JobTest = Type.Object({
  index: Type.Integer({ minimum: 0, description: 'its place in the `tests` of the job, from 0' }),
  name: orNull(Type.String()),
  stdin: Type.String({ description: 'its input, or the first 65,536 characters of it' }),
  answer: orNull(
    Type.String({ description: 'what the checker compares with, cut like the input; `null`: it has none' }),
  ),
  truncated: Type.Boolean({ description: 'whether either is cut' }),
  answerTruncated: Type.Boolean({ description: 'whether `answer` is cut' }),
})
export type JobTest = Static<typeof JobTest>
