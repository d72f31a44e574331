import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Batch, Client, JobSummary } from '../../client/client.ts'
import { EXIT } from '../exit.ts'
import { liveLine } from '../live-line.ts'
import { plain, statusFormat } from '../paint.ts'
import { addConnectionOptions, type ConnectionOptions, PATIENT_RETRIES } from '../service/connection.ts'
import { table } from '../table.ts'
import { type BatchEntry, entriesOf } from './batch-entries.ts'
import type { JobCommandDeps, Reach } from './jobs.ts'
import { addProgramOptions, type RequestOptions } from './request.ts'
import { wallMs } from './show-events.ts'
import { withUploads } from './uploads.ts'

type Options = ConnectionOptions & RequestOptions & { json?: boolean; wait?: boolean }

/** Adds `runyard batch run|submit|get|cancel`; `batch` alone is `batch run`. */
export function addBatchCommands(program: Command, deps: JobCommandDeps, reach: Reach): void {
  const { streams } = deps
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const batches = program
    .command('batch')
    .description('run many programs as one batch; "batch FILES" is short for "batch run FILES"')
  const add = (name: string, description: string, options: { isDefault?: boolean } = {}) =>
    addConnectionOptions(batches.command(name, options).description(description)).option(
      '--json',
      'print the batch as JSON',
    )
  const show = (batch: Batch, names: ReadonlyMap<string, string>, { json }: Options) =>
    print(json ? JSON.stringify(batch, null, 2) : portrait(batch, names, streams.paint))
  const submit = (
    files: string[],
    options: Options,
    work: (client: Client, entries: BatchEntry[]) => Promise<void>,
  ) => {
    let entries: BatchEntry[] = []
    return reach(
      options,
      files.join(', '),
      async ({ client }) =>
        withUploads(client, async (uploading) => {
          entries = await entriesOf(files, options, uploading)
          await work(client, entries)
        }),
      () => entries.map(({ name }) => name),
    )
  }

  addProgramOptions(
    add('run <files...>', 'run programs, or the requests of JSON files, and show how each ended', { isDefault: true }),
  ).action((files: string[], options: Options) =>
    submit(files, options, async (client, entries) => {
      const { stop, hurry } = deps.signals()
      const { id, jobs } = await client.batch(
        entries.map(({ request }) => request),
        { signal: hurry },
      )
      const names = new Map(jobs.map((job, i) => [job, entries[i]?.name ?? '']))
      const cancel = () =>
        void client
          .cancelBatch(id, { signal: hurry })
          .catch((error: unknown) => hurry.aborted || streams.note(String(error)))
      if (stop.aborted) cancel()
      else stop.addEventListener('abort', cancel, { once: true })
      try {
        const batch = await ended(client, id, streams.stderr, hurry)
        show(batch, names, options)
        const allSucceeded =
          batch.jobs.length === jobs.length && batch.jobs.every(({ status }) => status === 'succeeded')
        deps.setExitCode(stop.aborted ? EXIT.cancelled : allSucceeded ? 0 : 1)
      } catch (error) {
        if (!hurry.aborted) throw error
        streams.note(`left batch ${id}; runyard batch get ${id} shows how it ended`)
        deps.setExitCode(EXIT.cancelled)
      } finally {
        stop.removeEventListener('abort', cancel)
      }
    }),
  )
  addProgramOptions(add('submit <files...>', 'submit the same, print the id of the batch and return'))
    .option('-w, --wait', 'wait until all jobs have ended, and show them')
    .action((files: string[], options: Options) =>
      submit(files, options, async (client, entries) => {
        const accepted = await client.batch(entries.map(({ request }) => request))
        const names = new Map(accepted.jobs.map((job, i) => [job, entries[i]?.name ?? '']))
        if (options.wait) show(await client.waitBatch(accepted.id, { retries: PATIENT_RETRIES }), names, options)
        else print(options.json ? JSON.stringify(accepted, null, 2) : accepted.id)
      }),
    )
  add('get <id>', 'show the jobs of a batch')
    .option('-w, --wait', 'wait until all jobs have ended')
    .action(async (id: string, options: Options) =>
      reach(options, id, async ({ client }) => {
        const batch = await (options.wait ? client.waitBatch(id, { retries: PATIENT_RETRIES }) : client.getBatch(id))
        show(batch, new Map(), options)
      }),
    )
  add('cancel <id>', 'cancel the jobs of a batch, queued or running').action(async (id: string, options: Options) =>
    reach(options, id, async ({ client }) => show(await client.cancelBatch(id), new Map(), options)),
  )
}

const POLL_MS = 1000

/** Waits for the end of a batch; a terminal shows meanwhile how far it is. */
async function ended(client: Client, id: string, stderr: NodeJS.WritableStream, hurry: AbortSignal): Promise<Batch> {
  const line = liveLine(stderr)
  const over = new AbortController()
  const signal = AbortSignal.any([hurry, over.signal])
  const began = performance.now()
  const progress = async () => {
    for (;;) {
      const { counts } = await client.getBatch(id, { signal })
      const total = counts.queued + counts.running + counts.finished + counts.cancelled
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      line.show(
        `${counts.finished + counts.cancelled} of ${total} ended, ${counts.running} running, ${counts.queued} queued  ${seconds} s`,
      )
      await sleep(POLL_MS, undefined, { signal })
    }
  }
  // What it fails of, the wait below fails of too, or it does not matter.
  if ((stderr as { isTTY?: boolean }).isTTY) progress().catch(() => {})
  try {
    return await client.waitBatch(id, { retries: PATIENT_RETRIES, signal: hurry })
  } finally {
    over.abort()
    line.clear()
  }
}

function portrait({ id, counts, jobs }: Batch, names: ReadonlyMap<string, string>, paint = plain): string {
  const statusOf = ({ status, state }: JobSummary) => status ?? state
  const each = new Map<string, number>()
  for (const job of jobs) each.set(statusOf(job), (each.get(statusOf(job)) ?? 0) + 1)
  const expired = counts.queued + counts.running + counts.finished + counts.cancelled - jobs.length
  const words = [...each].map(([status, count]) => paint(statusFormat(status), `${count} ${status}`))
  if (expired > 0) words.push(`${expired} expired`)
  const rows = jobs.map((job) => [
    names.get(job.id) ?? job.language ?? job.image ?? '',
    statusOf(job),
    exitOf(job),
    wallMs(job),
    job.id,
  ])
  const columns = [
    { title: names.size > 0 ? 'PROGRAM' : 'LANGUAGE' },
    { title: 'STATUS', format: statusFormat },
    { title: 'EXIT CODE', align: 'right' as const },
    { title: 'MS', align: 'right' as const },
    { title: 'JOB' },
  ]
  const head = `Batch ${id}: ${words.join(', ') || 'its jobs have expired'}`
  return jobs.length === 0 ? head : `${head}\n${table(columns, rows, paint)}`
}

/** Of the stage that decided, or the last one. */
function exitOf({ status, stages }: JobSummary): string {
  const stage = stages.find((one) => one.status === status) ?? stages.at(-1)
  return stage === undefined ? '' : (stage.signal ?? String(stage.exitCode ?? ''))
}
