import Type, { type Static } from 'typebox'
import { PROBLEM_FORMATS } from './problem.ts'

/** What is known of a problem without its tests. */
export const StoredProblem = Type.Object({
  id: Type.String({ format: 'uuid' }),
  name: Type.String({ description: 'for people' }),
  tests: Type.Integer({ minimum: 1, description: 'how many it has' }),
  groups: Type.Array(Type.String(), { description: 'names of its groups' }),
  points: Type.Number({ minimum: 0, description: 'the most that a program can get' }),
  bytes: Type.Integer({ minimum: 0, description: 'of its files, unpacked' }),
  version: Type.Integer({ minimum: 1, description: 'rises by 1 each time its content is replaced' }),
  format: Type.Enum(PROBLEM_FORMATS, { description: 'what its archive was' }),
  submissions: Type.Integer({ minimum: 0, description: 'example submissions it has' }),
  languages: Type.Optional(
    Type.Array(Type.String(), { description: 'those that programs may be in; absent when all are' }),
  ),
  notes: Type.Optional(
    Type.Array(Type.String(), {
      description: 'what of the archive is not read, though it may be meant; only where it is stored or validated',
    }),
  ),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  updatedAt: Type.String({ format: 'date-time', description: 'when this version was stored' }),
})
export type StoredProblem = Static<typeof StoredProblem>

/** Of one tenant. */
export const MAX_PROBLEMS = 200
export const MAX_PROBLEM_TESTS = 250
export const MAX_PROBLEM_FILES = 2000
