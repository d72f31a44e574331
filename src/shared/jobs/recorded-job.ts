import type { JobSpec } from '../job.ts'

/**
 * A job's record is a hash (head, tenant, state, attempt, startedAt, summary, output, layout, tag, rank, ...) and a stream of
 * events. Every change of the record and the event that tells of it are one script, so that a reader never sees one without
 * the other. Events are added to the stream and published in the same step: a reader that subscribes first and then reads the
 * stream misses nothing, and tells doubles by their id.
 *
 * Three parts of the program have to do with it: `JobAdmission` makes it, `JobLifeCycle` changes it, `JobReader` reads it. What is
 * known of a job when it is accepted (its head) is written once, by its admission.
 */

/** The part of a job that its record needs. */
export type RecordedJob = Pick<JobSpec, 'head' | 'tenant' | 'maxRunningJobs'>

/** How long the record of a job that has not ended is kept, should nobody ever run it. */
export const QUEUED_TTL_SECONDS = 14 * 24 * 3600
