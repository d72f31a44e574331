import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Job, JobSummary, State, StreamedEvent } from '../../client/client.ts'
import { STATES, STATUSES, type Status } from '../../shared/job.ts'
import type { CliContext } from '../context.ts'
import { addBatchCommands } from './batches.ts'
import {
  addConnectionOptions,
  connect,
  type Connection,
  type ConnectionOptions,
  type Environment,
  PATIENT_RETRIES,
  writeFile,
} from './connection.ts'
import { explain } from './explain.ts'
import { addRequestOptions, type RequestOptions, requestOf } from './request.ts'
import { run } from './run.ts'
import { showEvents, type Streams, verdict } from './show-events.ts'

export interface JobCommandDeps {
  context: () => CliContext
  env: Environment
  streams: Streams
  stdin: () => NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  /** From now on: `stop` aborts at the first Ctrl-C, `hurry` at the second. */
  signals: () => { stop: AbortSignal; hurry: AbortSignal }
  setExitCode: (code: number) => void
}

type Json = { json?: boolean }

/** Adds `runyard run|submit|get|logs|cancel|list|artifact|batch`: what users do, as the API does it. */
export function addJobCommands(program: Command, deps: JobCommandDeps): void {
  const { streams, context, env } = deps
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))

  const add = (name: string, description: string) =>
    addConnectionOptions(program.command(name).description(description))

  /** Does something at the service; says what to do when that fails. */
  const reach = async (options: ConnectionOptions, what: string, work: (connection: Connection) => Promise<void>) => {
    const connection = await connect(options, env, context, streams.note)
    await work(connection).catch((error: unknown) => {
      throw explain(error, connection, what)
    })
  }

  addRequestOptions(add('run <file> [args...]', 'run a program, with this terminal or pipe as its own'))
    .option('-i, --interactive', 'pass on what is typed; a pipe is passed on anyway')
    .option('--json', 'print the finished job as JSON instead of its output')
    .action(
      async (
        file: string,
        args: string[],
        options: RequestOptions & ConnectionOptions & Json & { interactive?: boolean },
      ) =>
        reach(options, file, async (connection) => {
          const request = await requestOf(file, args, options, connection.client)
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
    )
  addRequestOptions(add('submit <file> [args...]', 'submit a program and print the id of its job'))
    .option('--json', 'print the job as JSON')
    .action(async (file: string, args: string[], options: RequestOptions & ConnectionOptions & Json) =>
      reach(options, file, async ({ client }) => {
        const job = await client.submit(await requestOf(file, args, options, client))
        if (options.json) printJson(job)
        else print(job.id)
      }),
    )
  add('get <id>', 'show a job')
    .option('-w, --wait', 'until it has ended')
    .option('--json', 'print it as JSON, with all of its output')
    .action(async (id: string, options: ConnectionOptions & Json & { wait?: boolean }) =>
      reach(options, id, async ({ client }) => {
        const job = await (options.wait ? client.wait(id, { retries: PATIENT_RETRIES }) : client.get(id))
        if (options.json) printJson(job)
        else print(portrait(job))
      }),
    )
  add('logs <id>', 'print what a job has written')
    .option('-f, --follow', 'go on until it has ended')
    .option('--json', 'print its events, one as JSON in each line')
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
  add('cancel <ids...>', 'end jobs, queued or running')
    .option('--json', 'print them as JSON')
    .action(async (ids: string[], options: ConnectionOptions & Json) => {
      const jobs: Job[] = []
      for (const id of ids) await reach(options, id, async ({ client }) => void jobs.push(await client.cancel(id)))
      if (options.json) printJson({ jobs })
      else for (const { id, status } of jobs) print(`${id} ${status === null ? 'is being cancelled' : status}`)
    })
  add('list', 'list your jobs, newest first')
    .option('-n, --limit <count>', 'how many at most', parseCount, 20)
    .addOption(new Option('--state <state>', 'only these').choices(STATES))
    .addOption(new Option('--status <status>', 'only those that ended so').choices(STATUSES))
    .option('-l, --language <id>', 'only those of this language')
    .option('--end-user <id>', 'only those for this end user')
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
          else print(table(jobs))
        }),
    )
  addBatchCommands(program, { addConnectionOptions, reach, print })
  add('artifact <id> <path>', 'print a file that a job made')
    .option('-o, --output <file>', 'write it there instead')
    .option('--json', 'print its size as JSON, and its bytes in base64 unless they go to --output')
    .action(async (id: string, path: string, options: ConnectionOptions & Json & { output?: string }) =>
      reach(options, `${id} ${path}`, async ({ client }) => {
        const bytes = await client.artifact(id, path)
        const { output, json } = options
        if (output !== undefined) writeFile(output, bytes)
        if (json) {
          const rest = output === undefined ? { content: Buffer.from(bytes).toString('base64') } : { output }
          printJson({ path, bytes: bytes.length, ...rest })
        } else if (output === undefined) streams.stdout.write(bytes)
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

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 999999.')
  return Number(text)
}

const second = (timestamp: string) => timestamp.slice(0, 19).replace('T', ' ')

function portrait(job: Job): string {
  const rows: [string, string | undefined][] = [
    ['Job', job.id],
    ['State', job.status === null ? job.state : `${job.state}: ${job.status}`],
    ['', job.status === null ? undefined : verdict(job)],
    ['Runs', job.image ?? `${job.language ?? ''} ${job.version ?? ''}`.trim()],
    ['Submitted', `${second(job.createdAt)} UTC`],
    ['Started', job.startedAt === null ? undefined : `${second(job.startedAt)} UTC`],
    ['Ended', job.finishedAt === null ? undefined : `${second(job.finishedAt)} UTC`],
    ['Attempt', job.attempt > 1 ? String(job.attempt) : undefined],
    ...job.stages.map((stage): [string, string] => [
      `Stage ${stage.name}`,
      [
        ...(stage.test?.name == null ? [] : [stage.test.name]),
        stage.signal ?? `exit code ${stage.exitCode ?? '-'}`,
        `${stage.wallMs.toFixed(0)} ms (CPU ${stage.cpuMs.toFixed(0)} ms)`,
        `${(stage.memoryPeakBytes / 2 ** 20).toFixed(1)} MiB`,
        `${stage.stdoutBytes + stage.stderrBytes} bytes of output`,
      ].join(', '),
    ]),
    ...(job.artifacts ?? []).map(({ path, bytes }): [string, string] => ['File', `${path} (${bytes} bytes)`]),
  ]
  const lines = rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(12)} ${printable(value)}`]))
  return lines.join('\n')
}

function table(jobs: readonly JobSummary[]): string {
  if (jobs.length === 0) return 'There are no such jobs.'
  const head = ['ID', 'SUBMITTED (UTC)', 'LANGUAGE', 'STATUS', 'MS']
  const rows = jobs.map((job) => [
    job.id,
    second(job.createdAt),
    job.language ?? job.image ?? '',
    job.status ?? job.state,
    job.stages.length === 0 ? '' : job.stages.reduce((sum, { wallMs }) => sum + wallMs, 0).toFixed(0),
  ])
  const all = [head, ...rows.map((row) => row.map(printable))]
  const widths = head.map((_title, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n') // prettier-ignore
}

/** Names of files come from programs: what would steer a terminal is not printed. */
const printable = (text: string) => text.replaceAll(/\p{Cc}/gu, '?')
