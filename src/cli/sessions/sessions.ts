import { extname } from 'node:path'
import { type Command, Option } from 'commander'
import {
  RunyardError,
  type Session,
  type SessionHandle,
  type SessionRequest,
  type SessionState,
} from '../../client/client.ts'
import { SESSION_STATES } from '../../shared/sessions/session.ts'
import { EXIT, ExitError } from '../exit.ts'
import type { JobCommandDeps } from '../jobs/jobs.ts'
import { runtimeOf, several } from '../jobs/request.ts'
import { parseLimit } from '../limit-option.ts'
import { liveLine } from '../live-line.ts'
import { type Paint, plain, showsColour } from '../paint.ts'
import {
  addConnectionOptions,
  connect,
  type Connection,
  type ConnectionOptions,
  readFile,
} from '../service/connection.ts'
import { explain } from '../service/explain.ts'
import { printable, second, table } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'
import { endOwn } from './end-own.ts'
import { repl } from './repl.ts'
import { runFile } from './run-file.ts'
import { createResultShower } from './show-result.ts'
import { imageProtocol } from './terminal-images.ts'

type Json = { json?: boolean }
type ReplFlags = { keep?: boolean; timeout?: number }
interface StartOptions {
  language?: string
  languageVersion?: string
  limit?: SessionRequest['limits']
  from?: string
  with?: string[]
  idle?: number
  lifetime?: number
}

/** Adds `runyard session repl|run|list|snapshot|end`. */
export function addSessionCommands(program: Command, deps: JobCommandDeps): void {
  const { context, env, streams, stdin, stdout, signals, setExitCode } = deps
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))
  const sessions = program.command('session').description('work in a sandbox that keeps its state')
  const add = (name: string, description: string, isDefault = false) =>
    addConnectionOptions(sessions.command(name, { isDefault }).description(description))
  const addStart = (command: Command) =>
    command
      .option('-l, --language <id>', 'language of a new session; default: python')
      .option('--language-version <range>', 'range that the installed version must meet, e.g. 3.x')
      .option(
        '--limit <name=value>',
        'a limit of a new session, e.g. memoryBytes=512MiB; again for another',
        parseLimit,
      )
      .option('--from <file id>', 'start a new session with the working folder of a snapshot')
      .option('--with <package>', 'a package of a new session, e.g. numpy; again for another', several)
      .option('--idle <seconds>', 'end it when nothing happens for so long', wholeNumber(1, 2_000_000))
      .option('--lifetime <seconds>', 'end it so long after its start', wholeNumber(1, 2_000_000))
  /** @param sought what is not there when something is not */
  const reach = async (
    options: ConnectionOptions,
    what: string,
    work: (connection: Connection) => Promise<void>,
    sought = what,
  ) => {
    const connection = await connect(options, env, context, streams.note)
    await work(connection).catch((error: unknown) => {
      const isMissing = error instanceof RunyardError && error.code === 'not-found'
      throw explain(error, connection, isMissing ? sought : what)
    })
  }
  /** At a terminal it is told how far the packages are. */
  const start = async (client: Connection['client'], options: StartOptions): Promise<SessionHandle> => {
    const line = liveLine(streams.stderr)
    const onProgress = (progress: string) => line.show(printable(progress))
    return client.sessions.create(requestOf(options), line.isLive ? { onProgress } : {}).finally(() => line.clear())
  }
  const showerHere = () =>
    createResultShower({ streams, images: imageProtocol(stdout, env), colours: showsColour(stdout, env) })

  addStart(add('repl [id]', 'type code that keeps its state; without an id, in a new session', true))
    .option('--keep', 'leave a new session running, and print its id')
    .option(
      '--timeout <seconds>',
      'end each piece of code and each command after so long; default: at a terminal never, else that of the service',
      wholeNumber(1, 2_000_000),
    )
    .action(async (id: string | undefined, options: ConnectionOptions & StartOptions & ReplFlags) =>
      reach(options, id === undefined ? 'session' : `session ${id}`, async ({ client }) => {
        const session = id === undefined ? await start(client, options) : client.sessions.open(id)
        const view = await session.read()
        checkRuns(view)
        const ends = id === undefined && options.keep !== true
        const { stop, hurry } = signals()
        const end = () => void (ends && session.end().catch(() => undefined))
        stop.addEventListener('abort', end, { once: true })
        try {
          if (stdin().isTTY)
            streams.note(`session ${session.id}, ${view.language} ${view.version}; .help lists commands`)
          const bound = options.timeout !== undefined && { timeoutMs: options.timeout * 1000 }
          await repl({ session, view, streams, shower: showerHere(), stdin: stdin(), stdout, ...bound })
        } finally {
          if (ends) await endOwn(session, hurry, streams.note)
          else if (options.keep)
            streams.note(`session ${session.id} runs on; runyard session end ${session.id} ends it`)
          stdin().destroy()
        }
      }),
    )
  addStart(add('run <file>', 'run a file as code of a session; without --session, in a new one that ends with it'))
    .option('-s, --session <id>', 'a session that runs: the code finds its state, and leaves it changed')
    .option('--context <id>', 'the context of it; default: default')
    .option(
      '--timeout <seconds>',
      'interrupt the code after so long; default: that of the service',
      wholeNumber(1, 2_000_000),
    )
    .option('--json', 'print the execution as JSON instead of its output')
    .action(
      async (
        path: string,
        options: ConnectionOptions & StartOptions & Json & { session?: string; context?: string; timeout?: number },
      ) =>
        reach(
          options,
          path,
          async ({ client }) => {
            const code = readFile(path, 'the file').toString()
            const language = options.language ?? runtimeOf(extname(path).toLowerCase(), await client.runtimes())
            const session =
              options.session === undefined
                ? await start(client, { ...options, ...(language !== undefined && { language }) })
                : client.sessions.open(options.session)
            const { context = 'default', json = false, timeout } = options
            const bound = timeout !== undefined && { timeoutMs: timeout * 1000 }
            const { stop, hurry } = signals()
            try {
              const ran = { session, code, context, json, streams, shower: showerHere(), stop, hurry, ...bound }
              setExitCode(await runFile(ran))
            } finally {
              if (options.session === undefined) await endOwn(session, hurry, streams.note)
            }
          },
          options.session === undefined ? 'session' : `session ${options.session}`,
        ),
    )
  add('list', 'list your sessions, newest first')
    .option('-n, --limit <count>', 'how many at most', wholeNumber(1, 999_999), 20)
    .addOption(new Option('--state <state>', 'only those in a state').choices(SESSION_STATES))
    .option('--json', 'print them as JSON')
    .action(async (options: ConnectionOptions & Json & { limit: number; state?: SessionState }) =>
      reach(options, 'list', async ({ client }) => {
        const found: Session[] = []
        for await (const session of client.sessions.list({ state: options.state })) {
          found.push(session)
          if (found.length === options.limit) break
        }
        if (options.json) printJson({ sessions: found })
        else print(sessionTable(found, streams.paint))
      }),
    )
  add('snapshot <id>', 'keep the working folder of a session as a file of yours, and print the id of the file')
    .option('--name <name>', 'name of the file, for people; default: session.tar')
    .option(
      '--ttl <seconds>',
      'keep it so long; default: as long as the service keeps files',
      wholeNumber(1, 999_999_999),
    )
    .option('--json', 'print the file as JSON')
    .action(async (id: string, options: ConnectionOptions & Json & { name?: string; ttl?: number }) =>
      reach(options, `session ${id}`, async ({ client }) => {
        const { name, ttl } = options
        const request = { ...(name !== undefined && { name }), ...(ttl !== undefined && { ttlSeconds: ttl }) }
        const file = await client.sessions.open(id).snapshot(request)
        if (options.json) printJson(file)
        else print(file.id)
      }),
    )
  add('end <ids...>', 'end sessions, with all that is in them')
    .option('--json', 'print them as JSON')
    .action(async (ids: string[], options: ConnectionOptions & Json) => {
      const ended: Session[] = []
      for (const id of ids) {
        await reach(options, `session ${id}`, async ({ client }) => void ended.push(await client.sessions.end(id)))
      }
      if (options.json) printJson({ sessions: ended })
      else for (const { id, reason } of ended) print(`${id} has ended: ${reason ?? 'it is ending'}`)
    })
}

const requestOf = ({
  language,
  languageVersion,
  limit,
  from,
  with: packages,
  idle,
  lifetime,
}: StartOptions): SessionRequest => ({
  ...(language !== undefined && { language }),
  ...(languageVersion !== undefined && { version: languageVersion }),
  ...(limit && { limits: limit }),
  ...(from !== undefined && { from }),
  ...(packages && { dependencies: packages }),
  ...(idle !== undefined && { idleTimeoutMs: idle * 1000 }),
  ...(lifetime !== undefined && { maxLifetimeMs: lifetime * 1000 }),
})

/** @throws ExitError */
function checkRuns({ id, state, reason, message }: Session): void {
  if (state !== 'ended') return
  throw new ExitError(EXIT.usage, `session ${id} has ended: ${message ?? reason ?? 'for an unknown reason'}`)
}

function sessionTable(sessions: readonly Session[], paint: Paint = plain): string {
  if (sessions.length === 0) return 'You have no sessions.'
  const columns = [
    { title: 'ID' },
    { title: 'STATE' },
    { title: 'LANGUAGE' },
    { title: 'CREATED (UTC)' },
    { title: 'ENDS (UTC)' },
    { title: 'REASON' },
  ]
  const rows = sessions.map(({ id, state, language, createdAt, endsAt, endedAt, reason }) => [
    id,
    state,
    language,
    second(createdAt),
    second(endedAt ?? endsAt ?? ''),
    reason ?? '',
  ])
  return table(columns, rows, paint)
}
