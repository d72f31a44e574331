import type {
  CommRequest,
  Context,
  ContextRequest,
  Completion,
  Execution,
  Inspection,
  Session,
  SessionChange,
  SessionRequest,
  SentComm,
  SessionState,
  SnapshotRequest,
  StoredFile,
} from './api-types.ts'
import type { Environments, InstallOptions } from './environments.ts'
import { eventsOf, type StreamedSessionEvent, type StreamOptions } from './event-stream.ts'
import type { CallOptions, Http } from './http.ts'
import { RunyardError } from './runyard-error.ts'
import { createCommands, type SessionCommands } from './session-commands.ts'
import { createExecutions, onlyRefused, type RunCodeOptions, type SessionExecutions } from './session-executions.ts'
import type { WebSocketConstructor } from './web-socket.ts'
import { asyncDispose, createSessionFiles, type SessionFiles } from './session-files.ts'

declare global {
  // For `await using`, where the language's own types do not have it yet.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol
  }
}

/** `onProgress` is told how far the packages of `dependencies` are, where the key may ask for that (scope `jobs`). */
export interface CreateSessionOptions extends InstallOptions {
  /** The same key with the same request is the same session, for 24 hours. Each call makes one of its own when it is absent. */
  idempotencyKey?: string | undefined
}

export interface ListSessionsOptions extends CallOptions {
  state?: SessionState | undefined
  /** Sessions of one page, 1 to 100. */
  pageSize?: number | undefined
}

/** Where code is, and the context that knows it. */
export interface CodePlace {
  /** In characters (code points) from the beginning of the code; its end when absent. */
  cursor?: number | undefined
  /** `default` when absent. */
  context?: string | undefined
}

export interface InterruptOptions extends CallOptions {
  /** Only this execution: interrupted when it runs, cancelled when it waits. */
  execution?: string | undefined
}

export interface SessionContexts {
  /** Starts another interpreter, with a state of its own. */
  create(request?: ContextRequest, options?: CallOptions): Promise<Context>
  list(options?: CallOptions): Promise<Context[]>
  /** Interrupts what runs in it; its state stays. */
  interrupt(id?: string, options?: InterruptOptions): Promise<Context>
  /** Starts it anew: its state is lost. */
  restart(id?: string, options?: CallOptions): Promise<Context>
  remove(id: string, options?: CallOptions): Promise<Context>
  /** Passes a message of a widget to its kernel; what it causes comes as events `comm` with the `id` as `parent`. */
  sendComm(message: CommRequest, id?: string, options?: CallOptions): Promise<SentComm>
}

/** A session that is worked with. `await using session = await client.sessions.create()` ends it with the block. */
export interface SessionHandle {
  readonly id: string
  /** The session as it is now. */
  read(options?: CallOptions): Promise<Session>
  /** Changes its times. */
  extend(change: SessionChange, options?: CallOptions): Promise<Session>
  /**
   * Keeps its working folder as a file of yours, a tar archive: `sessions.create({ from: file.id })` starts with it.
   * @param request.name for people; @param request.ttlSeconds how long to keep it
   */
  snapshot(request?: SnapshotRequest, options?: CallOptions): Promise<StoredFile>
  /** Ends it, with all that is in it. One that has ended stays as it is. */
  end(options?: CallOptions): Promise<Session>
  /** What happens in it, from its first event to `ended`, across lost connections. */
  events(options?: StreamOptions): AsyncGenerator<StreamedSessionEvent, void, void>
  /**
   * Runs code in an interpreter that keeps its state, and waits for its end. Code that fails is no error of this call: see `status` and
   * `error` of the execution.
   */
  runCode(code: string, options?: RunCodeOptions): Promise<Execution>
  /** What could stand at a place of the code. */
  complete(code: string, options?: CodePlace & CallOptions): Promise<Completion>
  /** What is known of the name at a place of the code. */
  inspect(
    code: string,
    options?: CodePlace & { detail?: 'short' | 'long' | undefined } & CallOptions,
  ): Promise<Inspection>
  readonly executions: SessionExecutions
  readonly contexts: SessionContexts
  readonly files: SessionFiles
  readonly commands: SessionCommands
  [Symbol.asyncDispose](): Promise<void>
}

/** Sandboxes that stay: interpreters with state, commands and files. */
export interface Sessions {
  /** Starts a session, and waits until it runs. */
  create(request?: SessionRequest, options?: CreateSessionOptions): Promise<SessionHandle>
  /** Starts a session for the time of a function, and ends it whatever becomes of that. */
  use<T>(
    request: SessionRequest,
    work: (session: SessionHandle) => Promise<T>,
    options?: CreateSessionOptions,
  ): Promise<T>
  /** A session that was started before. Asks the service for nothing. */
  open(id: string): SessionHandle
  get(id: string, options?: CallOptions): Promise<Session>
  /** Your sessions, newest first, read page by page as they are asked for. */
  list(options?: ListSessionsOptions): AsyncGenerator<Session, void, void>
  end(id: string, options?: CallOptions): Promise<Session>
}

/** The longest that a snapshot takes. */
const SNAPSHOT_MS = 300_000
/** The longest the service waits at one time, in seconds. */
const LONGEST_WAIT = 60

/** Who writes code does not wait until other code has ended. */
const isNotBusy = ({ code }: RunyardError): boolean => code !== 'session-busy'

/**
 * @param environments has packages installed whose progress is told
 * @param newIdempotencyKey makes one for each request that makes something
 */
export function createSessions(
  http: Http,
  environments: Pick<Environments, 'create'>,
  newIdempotencyKey: () => string,
  webSocket: () => Promise<WebSocketConstructor>,
): Sessions {
  const at = (id: string) => `/v1/sessions/${encodeURIComponent(id)}`

  const open = (id: string): SessionHandle => {
    const path = at(id)
    const executions = createExecutions(http, path, newIdempotencyKey)
    const post = <T>(end: string, body: unknown, call?: CallOptions & { waitsMs?: number }) =>
      http.json<T>(`${path}/${end}`, { ...call, method: 'POST', body })
    const context = (name: string) => `contexts/${encodeURIComponent(name)}`
    const handle: SessionHandle = {
      id,
      read: (call) => http.json(path, call),
      extend: (change, call) => http.json(path, { ...call, method: 'PATCH', body: change }),
      snapshot: (request = {}, call) =>
        post('snapshot', request, { shouldRetry: onlyRefused, waitsMs: SNAPSHOT_MS, ...call }),
      end: (call) => http.json(path, { ...call, method: 'DELETE' }),
      events: (stream) =>
        eventsOf<StreamedSessionEvent>(http, `${path}/events`, stream, ({ type }) => type === 'ended'),
      runCode: (code, options) => executions.run(code, options),
      complete: (code, { cursor, context: name, ...call } = {}) =>
        post('complete', { code, cursor, context: name }, { shouldRetry: isNotBusy, ...call }),
      inspect: (code, { cursor, context: name, detail, ...call } = {}) =>
        post('inspect', { code, cursor, context: name, detail }, { shouldRetry: isNotBusy, ...call }),
      executions,
      contexts: {
        create: (request = {}, call) => post('contexts', request, call),
        list: async (call) => (await http.json<{ contexts: Context[] }>(`${path}/contexts`, call)).contexts,
        interrupt: (name = 'default', { execution, ...call } = {}) => {
          const only = execution === undefined ? '' : `?execution=${encodeURIComponent(execution)}`
          return post(`${context(name)}/interrupt${only}`, undefined, call)
        },
        restart: (name = 'default', call) => post(`${context(name)}/restart`, undefined, call),
        remove: (name, call) => http.json(`${path}/${context(name)}`, { ...call, method: 'DELETE' }),
        sendComm: (message, name = 'default', call) =>
          post(`${context(name)}/comms`, message, { shouldRetry: onlyRefused, ...call }),
      },
      files: createSessionFiles(http, path),
      commands: createCommands(http, path, newIdempotencyKey, webSocket),
      async [asyncDispose as typeof Symbol.asyncDispose]() {
        await handle.end()
      },
    }
    return handle
  }

  const post = (request: SessionRequest, idempotencyKey: string, call: CallOptions) => {
    const headers = { 'idempotency-key': idempotencyKey, prefer: `wait=${LONGEST_WAIT}` }
    const waitsMs = LONGEST_WAIT * 1000
    return http.json<Session>('/v1/sessions', { ...call, method: 'POST', headers, body: request, waitsMs })
  }

  /**
   * The session is asked for first, so that what is wrong with it is told at once. Its packages are asked for beside it where somebody is told of
   * their progress, else when they take longer than the service waits.
   */
  const withPackages = async (
    { language = 'python', dependencies = [] }: SessionRequest,
    ask: (call: CallOptions) => Promise<Session>,
    { onProgress, ...call }: InstallOptions,
  ): Promise<Session> => {
    const over = new AbortController()
    const signal = call.signal ? AbortSignal.any([over.signal, call.signal]) : over.signal
    const install = () => environments.create({ language, dependencies }, { ...call, signal, onProgress })
    const wanted = call.shouldRetry ?? http.policy.shouldRetry
    const shouldRetry = (error: RunyardError) => error.code !== 'unavailable' && wanted?.(error) !== false
    try {
      const first = ask({ ...call, shouldRetry })
      const installing = onProgress && install()
      installing?.catch(() => undefined)
      try {
        return await first
      } catch (error) {
        if (!(error instanceof RunyardError) || error.code !== 'unavailable') throw error
      }
      await (installing ?? install()).catch((error: unknown) => {
        // Whoever may start sessions, and has no other scope, has them installed all the same: without being told.
        if (!(error instanceof RunyardError) || error.code !== 'insufficient-scope') throw error
      })
      return await ask(call)
    } finally {
      over.abort()
    }
  }

  const sessions: Sessions = {
    async create(request = {}, { idempotencyKey = newIdempotencyKey(), onProgress, ...call } = {}) {
      const ask = (options: CallOptions) => post(request, idempotencyKey, options)
      const made = await (request.dependencies?.length
        ? withPackages(request, ask, { ...call, onProgress })
        : ask(call))
      return open(made.id)
    },
    async use(request, work, options) {
      const session = await sessions.create(request, options)
      try {
        return await work(session)
      } finally {
        await session.end()
      }
    },
    open,
    get: (id, call) => http.json(at(id), call),
    async *list({ state, pageSize = 100, ...call } = {}) {
      const query = new URLSearchParams({ limit: String(pageSize), ...(state && { state }) })
      for (let next: string | null = ''; next !== null;) {
        if (next !== '') query.set('cursor', next)
        const page: { sessions: Session[]; next: string | null } = await http.json(
          `/v1/sessions?${query.toString()}`,
          call,
        )
        yield* page.sessions
        next = page.next
      }
    },
    end: (id, call) => http.json(at(id), { ...call, method: 'DELETE' }),
  }
  return sessions
}
