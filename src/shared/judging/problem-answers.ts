import Type, { type Static } from 'typebox'
import { orNull } from '../schema.ts'
import { StoredProblem } from './stored-problem.ts'
import { Verdict } from './verdict.ts'

/** What an archive is that is not stored. */
export const ValidProblem = Type.Object({
  ...Type.Omit(StoredProblem, ['id', 'version', 'createdAt', 'updatedAt']).properties,
  examples: Type.Array(
    Type.Object({
      name: Type.String({ description: 'in the archive' }),
      language: Type.String(),
      expected: Type.Array(Verdict, { description: 'one of these is its verdict' }),
    }),
    { description: 'example submissions' },
  ),
  validators: Type.Array(Type.Object({ name: Type.String(), language: Type.String() }), {
    description: 'input validators that can be run',
  }),
  leftOut: Type.Array(Type.String(), {
    description:
      'paths of submissions and validators that cannot be run: of no known language, of one that the problem does not allow, or validators that scripts build or run',
  }),
})
export type ValidProblem = Static<typeof ValidProblem>

/** How the programs ended that come with a problem. */
export const ProblemCheck = Type.Object({
  version: Type.Integer({ minimum: 1, description: 'of the problem that was checked' }),
  createdAt: Type.String({ format: 'date-time' }),
  batch: Type.String({ format: 'uuid', description: 'has the jobs' }),
  state: Type.Enum(['running', 'passed', 'failed'], {
    description:
      '`passed` when at least one program was run, every submission ended as it claims, and every validator accepts every input',
  }),
  submissions: Type.Array(
    Type.Object({
      name: Type.String(),
      language: Type.String(),
      expected: Type.Array(Verdict, { description: 'one of these' }),
      job: Type.String({ format: 'uuid' }),
      verdict: orNull(Verdict),
      score: orNull(Type.Number()),
      points: orNull(Type.Number()),
      slowestMs: orNull(Type.Number({ description: 'CPU time of its slowest test' })),
      passed: orNull(Type.Boolean({ description: 'whether it ended as it claims; null until it has ended' })),
    }),
  ),
  validators: Type.Array(
    Type.Object({
      name: Type.String(),
      language: Type.String(),
      jobs: Type.Array(Type.String({ format: 'uuid' }), { description: 'each ran it on up to 100 inputs' }),
      refused: orNull(
        Type.Array(Type.String(), { description: 'tests whose input it does not accept; null until it has run' }),
      ),
      passed: orNull(Type.Boolean({ description: 'whether it ran and accepts every input; null until it has ended' })),
    }),
    { description: 'input validators' },
  ),
  leftOut: Type.Array(Type.String(), {
    description:
      'paths of submissions and validators that cannot be run: their languages were not installed when the check began',
  }),
})
export type ProblemCheck = Static<typeof ProblemCheck>

const jobId = Type.String({ format: 'uuid' })
/** The jobs that judge submissions again. */
export const Rejudging = Type.Object({
  batch: Type.String({ format: 'uuid', description: 'of the new jobs, as `GET /v1/batches/{id}` tells of it' }),
  version: Type.Integer({ minimum: 1, description: 'of the problem, with which they are judged' }),
  jobs: Type.Array(
    Type.Object({ id: jobId, again: Type.Object({ id: jobId }, { description: 'the job judged again' }) }),
  ),
  left: Type.Array(Type.Object({ id: jobId, reason: Type.String() }), { description: 'submissions that cannot be' }),
})
export type Rejudging = Static<typeof Rejudging>
