import Type, { type Static } from 'typebox'
import { orNull } from '../schema.ts'

/** Submissions of one comparison, the newest: its work rises with the square of their number. */
export const MAX_COMPARED = 300
/** Pairs that are kept, the most similar. */
export const MAX_PAIRS = 500
/** Parts of one pair that are kept. */
export const MAX_PARTS = 100

const jobId = Type.String({ format: 'uuid' })
const line = Type.Integer({ minimum: 1 })
const Part = Type.Object({
  path: Type.String(),
  from: line,
  to: line,
  code: Type.Optional(Type.String({ description: 'with `code=true`' })),
})

const Pair = Type.Object({
  language: Type.String(),
  first: jobId,
  second: jobId,
  similarity: Type.Number({ minimum: 0, maximum: 1, description: 'part of the smaller one that the other has too' }),
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
})

/** How far a comparison is. */
export const Comparison = Type.Object({
  id: Type.String({ format: 'uuid', description: 'of the comparison' }),
  state: Type.Enum(['queued', 'running', 'finished', 'failed']),
  progress: orNull(
    Type.Object(
      {
        step: Type.Enum(['reading', 'comparing']),
        done: Type.Integer({ minimum: 0 }),
        total: Type.Integer({ minimum: 0 }),
      },
      { description: 'submissions of this step; null before it starts and after it ends' },
    ),
  ),
  compared: Type.Integer({ minimum: 0, description: 'submissions that were compared' }),
  createdAt: Type.String({ format: 'date-time' }),
  finishedAt: orNull(Type.String({ format: 'date-time' })),
})
export type Comparison = Static<typeof Comparison>

export type SimilarPair = Static<typeof Pair>

/** Which submissions of a problem are alike. */
export const Similarity = Type.Object({
  ...Comparison.properties,
  pairs: Type.Array(Pair, { maxItems: MAX_PAIRS, description: 'most similar first; empty until it has finished' }),
})
export type Similarity = Static<typeof Similarity>

export const isOver = ({ state }: Pick<Comparison, 'state'>): boolean => state === 'finished' || state === 'failed'
