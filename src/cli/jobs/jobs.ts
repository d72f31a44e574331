import { type Command, Option } from 'commander'
import type { Job, JobSummary, State, StreamedEvent } from '../../client/client.ts'
import { STATES, STATUSES, type Status } from '../../shared/job-status.ts'
import type { CliContext } from '../context.ts'
import { type Paint, plain, statusFormat } from '../paint.ts'
import {
  addConnectionOptions,
  connect,
  type Connection,
  type ConnectionOptions,
  type Environment,
  PATIENT_RETRIES,
  writePieces,
} from '../service/connection.ts'
import { explain } from '../service/explain.ts'
import { second, table } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'
import { addBatchCommands } from './batches.ts'
import { type GetOptions, OUTPUTS, showJob } from './get.ts'
import type { JudgeOptions } from './judge.ts'
import { addProblemCommands } from './problems.ts'
import { addRequestOptions, type RequestOptions, requestOf } from './request.ts'
import { run } from './run.ts'
import { showEvents, type Streams, wallMs } from './show-events.ts'
import { withUploads } from './uploads.ts'

export interface JobCommandDeps {
  context: () => Promise<CliContext>
  env: Environment
  streams: Streams
  stdin: () => NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  /** From now on: `stop` aborts at the first Ctrl-C, `hurry` at the second. */
  signals: () => { stop: AbortSignal; hurry: AbortSignal }
  setExitCode: (code: number) => void
}

/** Does something at the service; says what to do when that fails. @param names of the jobs of a batch */
export type Reach = (
  options: ConnectionOptions,
  what: string,
  work: (connection: Connection) => Promise<void>,
  names?: () => readonly string[],
) => Promise<void>

type Json = { json?: boolean }

/** Adds `runyard run|submit|get|logs|cancel|list|artifact|batch|judge|problem`: what users do, as the API does it. */
export function addJobCommands(program: Command, deps: JobCommandDeps): void {
  const { streams, context, env } = deps
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))

  const add = (name: string, description: string) =>
    addConnectionOptions(program.command(name).description(description))

  const reach: Reach = async (options, what, work, names) => {
    const connection = await connect(options, env, context, streams.note)
    await work(connection).catch((error: unknown) => {
      throw explain(error, connection, what, names?.())
    })
  }

  addRequestOptions(add('run <file> [args...]', 'run a program; its input and output are those of this command'))
    .option('-i, --interactive', 'send typed input to the program; input from a pipe is always sent')
    .option('--json', 'print the finished job as JSON instead of its output')
    .action(
      async (
        file: string,
        args: string[],
        options: RequestOptions & ConnectionOptions & Json & { interactive?: boolean },
      ) =>
        reach(options, file, async (connection) =>
          withUploads(connection.client, async (client) => {
            const request = await requestOf(file, args, options, client, streams.note)
            const { json = false, interactive = false } = options
            const { stop, hurry } = deps.signals()
            deps.setExitCode(
              await run({
                request,
                connection,
                streams,
                stdin: deps.stdin(),
                stdout: deps.stdout,
                interactive,
                json,
                stop,
                hurry,
              }),
            )
          }),
        ),
    )
  addRequestOptions(add('submit <file> [args...]', 'submit a program, print the id of its job and return'))
    .option('--json', 'print the job as JSON')
    .action(async (file: string, args: string[], options: RequestOptions & ConnectionOptions & Json) =>
      reach(options, file, async ({ client }) => {
        const job = await withUploads(client, async (uploading) =>
          client.submit(await requestOf(file, args, options, uploading, streams.note)),
        )
        if (options.json) printJson(job)
        else print(job.id)
      }),
    )
  add('get <id>', 'show a job, or write its output or files')
    .option('-w, --wait', 'wait until it has ended')
    .addOption(new Option('-o, --output <what>', 'what to write').choices(OUTPUTS).default('summary'))
    .option('--to <path>', 'write it to this file; with --output artifacts, the folder for the files, default .')
    .addOption(new Option('--json', 'the same as --output json').conflicts('output'))
    .action(async (id: string, options: ConnectionOptions & GetOptions & { wait?: boolean }) =>
      reach(options, id, async ({ client }) => {
        const job = await (options.wait ? client.wait(id, { retries: PATIENT_RETRIES }) : client.get(id))
        await showJob(job, options, client, streams)
      }),
    )
  add('logs <id>', 'print the output of a job so far')
    .option('-f, --follow', 'continue until it has ended')
    .option('--json', 'print its events as JSON, one a line')
    .action(async (id: string, options: ConnectionOptions & Json & { follow?: boolean }) =>
      reach(options, id, async ({ client }) => {
        const all = options.follow || (await client.get(id)).status !== null
        const events = all
          ? client.stream(id, { retries: PATIENT_RETRIES })
          : soFar((signal) => client.stream(id, { signal }))
        if (!options.json) return void (await showEvents(events, streams))
        for await (const event of events) print(JSON.stringify(event))
      }),
    )
  add('cancel <ids...>', 'cancel jobs, queued or running')
    .option('--json', 'print them as JSON')
    .action(async (ids: string[], options: ConnectionOptions & Json) => {
      const jobs: Job[] = []
      for (const id of ids) await reach(options, id, async ({ client }) => void jobs.push(await client.cancel(id)))
      if (options.json) printJson({ jobs })
      else for (const { id, status } of jobs) print(`${id} ${status === null ? 'is being cancelled' : status}`)
    })
  add('list', 'list your jobs, newest first')
    .option('-n, --limit <count>', 'how many at most', wholeNumber(1, 999_999), 20)
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(STATES))
    .addOption(new Option('--status <status>', 'only jobs that ended with this status').choices(STATUSES))
    .option('-l, --language <id>', 'only jobs in this language')
    .option('--end-user <id>', 'only jobs for this end user')
    .option('--json', 'print them as JSON')
    .action(
      async (
        options: ConnectionOptions &
          Json & { limit: number; state?: State; status?: Status; language?: string; endUser?: string },
      ) =>
        reach(options, 'list', async ({ client }) => {
          const { limit, state, status, language, endUser } = options
          const jobs: JobSummary[] = []
          for await (const job of client.list({ state, status, language, endUser, pageSize: Math.min(100, limit) })) {
            jobs.push(job)
            if (jobs.length === limit) break
          }
          if (options.json) printJson({ jobs })
          else print(jobTable(jobs, streams.paint))
        }),
    )
  addBatchCommands(program, deps, reach)
  addRequestOptions(add('judge <problem> <file>', 'judge a program with the tests of a folder: NAME.in, NAME.ans'))
    .option('--test <name>', 'run this test alone and show its input, answer and output, though it is secret')
    .option('--json', 'print the finished job as JSON')
    .action(async (problem: string, file: string, options: JudgeOptions & ConnectionOptions) =>
      reach(options, file, async (connection) => {
        const { judge } = await import('./judge.ts')
        deps.setExitCode(await judge(problem, file, options, connection, streams, deps.signals()))
      }),
    )
  addProblemCommands(program, deps, reach)
  add('artifact <id> <path>', 'print a file that a job made')
    .option('-o, --output <file>', 'write it to this file instead')
    .option('--json', 'print its size as JSON, and its content in base64 unless --output is given')
    .action(async (id: string, path: string, options: ConnectionOptions & Json & { output?: string }) =>
      reach(options, `${id} ${path}`, async ({ client }) => {
        const { output, json } = options
        if (output !== undefined) {
          const bytes = await writePieces(output, client.artifactStream(id, path), '--output')
          if (json) printJson({ path, bytes, output })
        } else if (json) {
          const bytes = await client.artifact(id, path)
          printJson({ path, bytes: bytes.length, content: Buffer.from(bytes).toString('base64') })
        } else for await (const piece of client.artifactStream(id, path)) streams.stdout.write(piece)
      }),
    )
}

const SILENCE_MS = 500

/** The events there are: those of a job that runs come at once, and then as it makes them. */
async function* soFar(open: (signal: AbortSignal) => AsyncIterable<StreamedEvent>): AsyncGenerator<StreamedEvent> {
  const silent = new AbortController()
  const end = () => silent.abort()
  let timer = setTimeout(end, SILENCE_MS * 4)
  try {
    for await (const event of open(silent.signal)) {
      clearTimeout(timer)
      yield event
      timer = setTimeout(end, SILENCE_MS)
    }
  } catch (error) {
    if (!silent.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
}

function jobTable(jobs: readonly JobSummary[], paint: Paint = plain): string {
  if (jobs.length === 0) return 'No jobs match.'
  const columns = [
    { title: 'ID' },
    { title: 'SUBMITTED (UTC)' },
    { title: 'LANGUAGE' },
    { title: 'STATUS', format: statusFormat },
    { title: 'MS', align: 'right' as const },
  ]
  const rows = jobs.map((job) => [
    job.id,
    second(job.createdAt),
    job.language ?? job.image ?? '',
    job.status ?? job.state,
    wallMs(job),
  ])
  return table(columns, rows, paint)
}
