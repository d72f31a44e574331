import type { Batch, Client, JobSummary, Rejudging } from '../../client/client.ts'
import { RunyardError } from '../../client/client.ts'
import { liveLine } from '../live-line.ts'
import { plain } from '../paint.ts'
import { type Connection, PATIENT_RETRIES } from '../service/connection.ts'
import { printable, table } from '../table.ts'
import type { Streams } from './show-events.ts'

/** Judges all submissions of a problem again, shows how far that is, and then what changed. */
export async function rejudge(
  problem: string,
  { wait, json = false }: { wait: boolean; json?: boolean },
  { client }: Connection,
  { stdout, stderr, note, paint = plain }: Streams,
): Promise<void> {
  const print = (value: unknown) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  const begun = await client.problems.rejudge(problem)
  for (const { id, reason } of begun.left) note(`left ${id}: ${printable(reason)}`)
  if (!wait) return json ? print(begun) : void stdout.write(`${begun.batch}\n`)
  note(`judging ${begun.jobs.length} submissions with version ${begun.version}, in batch ${begun.batch}`)
  const live = liveLine(stderr)
  const onProgress = ({ queued, running, finished, cancelled }: Batch['counts']) =>
    live.show(
      `${finished + cancelled} of ${queued + running + finished + cancelled} ended, ${running} running, ${queued} queued`,
    )
  const batch = await client
    .waitBatch(begun.batch, { onProgress, retries: PATIENT_RETRIES })
    .finally(() => live.clear())
  if (json) return print({ ...begun, counts: batch.counts })
  const compared = (count: number) => live.show(`comparing ${count} of ${batch.jobs.length} with the result before`)
  const rows = await changesOf(begun, batch, client, compared).finally(() => live.clear())
  note(`${batch.jobs.length} judged again, ${rows.length} with another result`)
  if (rows.length === 0) return
  const columns = [
    { title: 'SUBMISSION' },
    { title: 'END USER' },
    { title: 'BEFORE' },
    { title: 'NOW' },
    { title: 'JOB' },
  ]
  stdout.write(`${table(columns, rows, paint)}\n`)
}

/** A row for each submission whose verdict or score is another one. @param onProgress told which of them is read */
async function changesOf(
  { jobs }: Rejudging,
  batch: Batch,
  client: Client,
  onProgress: (count: number) => void,
): Promise<string[][]> {
  const rows: string[][] = []
  const again = new Map(jobs.map((job) => [job.id, job.again.id]))
  for (const [index, now] of batch.jobs.entries()) {
    onProgress(index + 1)
    const old = again.get(now.id) ?? ''
    // All was judged: nobody shall do that once more for an answer that is late.
    const before = await client.get(old, { retries: PATIENT_RETRIES }).catch((error: unknown) => {
      if (error instanceof RunyardError && error.code === 'not-found') return undefined
      throw error
    })
    const [was, is] = [resultOf(before), resultOf(now)]
    if (was !== is) rows.push([old, printable(now.endUser ?? ''), was, is, now.id])
  }
  return rows
}

function resultOf(job: Pick<JobSummary, 'judging' | 'status'> | undefined): string {
  if (!job) return 'expired'
  return job.judging ? `${job.judging.verdict} ${job.judging.score}/${job.judging.points}` : (job.status ?? '')
}
