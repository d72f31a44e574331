import Type, { type Static } from 'typebox'

/** Parts of one pair that are told. */
export const MAX_PARTS = 100

const jobId = Type.String({ format: 'uuid' })
const line = Type.Integer({ minimum: 1 })
const Part = Type.Object({
  path: Type.String(),
  from: line,
  to: line,
  code: Type.Optional(Type.String({ description: 'with `code=true`' })),
})

/** Which submissions of a problem are alike. */
export const Similarity = Type.Object({
  compared: Type.Integer({ minimum: 0, description: 'submissions' }),
  pairs: Type.Array(
    Type.Object({
      language: Type.String(),
      first: jobId,
      second: jobId,
      similarity: Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'part of the smaller one that the other has too',
      }),
      parts: Type.Array(Type.Object({ first: Part, second: Part }), {
        maxItems: MAX_PARTS,
        description: 'lines that are alike',
      }),
      endUsers: Type.Optional(
        Type.Object(
          { first: Type.Optional(Type.String()), second: Type.Optional(Type.String()) },
          { description: 'who sent them, with `code=true`' },
        ),
      ),
    }),
  ),
})
export type Similarity = Static<typeof Similarity>
