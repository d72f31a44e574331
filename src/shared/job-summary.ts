import Type, { type Static } from 'typebox'
import { Job, Stage } from './job.ts'

/** A stage as it stands in events: its output came in events of its own. */
export const StageSummary = Type.Omit(Stage, ['stdout', 'stderr', 'output', 'encoding'])
export type StageSummary = Static<typeof StageSummary>

/** A job without its output. */
export const JobSummary = Type.Object({ ...Job.properties, stages: Type.Array(StageSummary) })
export type JobSummary = Static<typeof JobSummary>
