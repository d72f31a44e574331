import type { JobHead, JobSummary, State } from '../job.ts'

/** What a job is before it has ended. */
export const NOT_ENDED = { status: null, message: null, finishedAt: null, stages: [] }

/** Fields of a record that make the job, without its output. */
export const SUMMARY_FIELDS = ['head', 'tenant', 'state', 'attempt', 'startedAt', 'summary'] as const

type Ended = Pick<JobSummary, 'status' | 'message' | 'finishedAt' | 'stages' | 'artifacts' | 'artifactsTruncated'>

/** The part of a record that is known when the job has ended, its output aside. */
export function summaryField({
  status,
  message,
  finishedAt,
  stages,
  artifacts,
  artifactsTruncated,
}: JobSummary): string {
  // What is undefined is left out by JSON.
  return JSON.stringify({ status, message, finishedAt, stages, artifacts, artifactsTruncated })
}

/** @param values of SUMMARY_FIELDS; all null when there is no such record */
export function parseRecord(values: readonly (string | null)[]): { job: JobSummary; tenant: string } | undefined {
  const [head, tenant, state, attempt, startedAt, summary] = values
  if (!head) return undefined
  const job: JobSummary = {
    ...(JSON.parse(head) as JobHead),
    state: state as State,
    attempt: Number(attempt),
    startedAt: startedAt || null,
    ...(summary ? (JSON.parse(summary) as Ended) : NOT_ENDED),
  }
  return { job, tenant: tenant ?? '' }
}
