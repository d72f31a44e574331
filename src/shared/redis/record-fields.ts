import type { JobHead, JobSummary, State } from '../job.ts'

/** What a job is before it has ended. */
export const NOT_ENDED = { status: null, message: null, finishedAt: null, stages: [] }

/** A job as it is when it has just been accepted. */
export const queuedJob = (head: JobHead): JobSummary => ({
  ...head,
  state: 'queued',
  attempt: 0,
  startedAt: null,
  ...NOT_ENDED,
})

/** Fields of a record that make the job, without its output. */
export const SUMMARY_FIELDS = ['head', 'tenant', 'state', 'attempt', 'startedAt', 'summary'] as const

type Ended = Pick<
  JobSummary,
  'status' | 'message' | 'finishedAt' | 'stages' | 'artifacts' | 'artifactsTruncated' | 'judging'
>

/** The part of a record that is known when the job is accepted. */
export function headField(job: JobSummary): string {
  const { state: _state, attempt: _attempt, startedAt: _startedAt, ...rest } = job
  const { status: _status, message: _message, finishedAt: _finishedAt, ...known } = rest
  const { stages: _stages, artifacts: _artifacts, artifactsTruncated: _truncated, judging: _judging, ...head } = known
  return JSON.stringify(head satisfies JobHead)
}

/** The part of a record that is known when the job has ended, its output aside. */
export function summaryField({
  status,
  message,
  finishedAt,
  stages,
  artifacts,
  artifactsTruncated,
  judging,
}: JobSummary): string {
  // What is undefined is left out by JSON.
  return JSON.stringify({ status, message, finishedAt, stages, artifacts, artifactsTruncated, judging })
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
