import type {
  AcceptedBatch,
  Batch,
  CodeRequest,
  Comparison,
  ContainerRequest,
  Job,
  JobSummary,
  Runtime,
  Similarity,
  State,
  Status,
} from './api-types.ts'
import { eventsOf, type StreamedEvent, type StreamOptions } from './event-stream.ts'
import { createEnvironments, type Environments } from './environments.ts'
import { createFiles, type Files, piecesOf } from './files.ts'
import { type CallOptions, createHttp, type HttpOptions } from './http.ts'
import { type InteractiveJob, openInteractive } from './interactive.ts'
import { createProblems, type Problems } from './problems.ts'
import { RunyardError } from './runyard-error.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { findWebSocket, type WebSocketConstructor } from './web-socket.ts'

export type * from './api-types.ts'
export type { StreamedEvent, StreamedSessionEvent, StreamOptions } from './event-stream.ts'
export type { EnvironmentRequest, Environments, InstallOptions, StreamedEnvironmentEvent } from './environments.ts'
export type { FileContent, Files, PutOptions, ReadOptions } from './files.ts'
export type { CallOptions } from './http.ts'
export type { InteractiveJob, Signal } from './interactive.ts'
export type { Problems } from './problems.ts'
export type { CommandOptions, RunCommandOptions, SessionCommands } from './session-commands.ts'
export type { CommandState, SessionTerminal, TerminalError, TerminalOptions } from './session-terminal.ts'
export type { ExecutionOptions, OutputCallbacks, RunCodeOptions, SessionExecutions } from './session-executions.ts'
export type { OnInput } from './session-input.ts'
export type { FolderWatch, SessionFiles } from './session-files.ts'
export type {
  CodePlace,
  CreateSessionOptions,
  InterruptOptions,
  ListSessionsOptions,
  SessionContexts,
  SessionHandle,
  Sessions,
} from './sessions.ts'
export { type ErrorCode, RunyardError } from './runyard-error.ts'
export { type ReceivedWebhook, verifyWebhook, WebhookVerificationError } from './verify-webhook.ts'
export type { WebSocketConstructor, WebSocketLike } from './web-socket.ts'

export interface ClientOptions extends HttpOptions {
  /** Instead of the global one, or that of the package `ws` where there is none. */
  WebSocket?: WebSocketConstructor | undefined
}

export interface SubmitOptions extends CallOptions {
  /**
   * The same key with the same request is the same job, for 24 hours. Each call makes one of its own when it is absent, so that
   * what is sent again after a fault runs once.
   */
  idempotencyKey?: string | undefined
}

export interface InteractiveOptions extends SubmitOptions, Pick<StreamOptions, 'onConnection'> {}

export interface ListOptions extends CallOptions {
  state?: State | undefined
  status?: Status | undefined
  language?: string | undefined
  endUser?: string | undefined
  /** Jobs of one page, 1 to 100. */
  pageSize?: number | undefined
}

/** Runyard, as a program uses it. Everything throws a RunyardError when it does not work, or the reason of its `signal`. */
export interface Client {
  /** Submits a job and waits for its end, however long that takes. */
  run(request: CodeRequest, options?: SubmitOptions): Promise<Job>
  /** Submits a job. */
  submit(request: CodeRequest, options?: SubmitOptions): Promise<Job>
  /** The job as it is now. */
  get(id: string, options?: CallOptions): Promise<Job>
  /** The job when it has ended. */
  wait(id: string, options?: CallOptions): Promise<Job>
  /** Your jobs, newest first, read page by page as they are asked for. */
  list(options?: ListOptions): AsyncGenerator<JobSummary, void, void>
  /** The events of a job from its first to `result`, across lost connections. */
  stream(id: string, options?: StreamOptions): AsyncGenerator<StreamedEvent, void, void>
  /** Submits a job and talks to it; with an id, talks to one that was submitted with `interactive`. */
  interactive(request: CodeRequest | string, options?: InteractiveOptions): Promise<InteractiveJob>
  /** Ends a job, queued or running. One that has ended stays as it is. */
  cancel(id: string, options?: CallOptions): Promise<Job>
  /** Submits up to 100 jobs, all or none. */
  batch(requests: CodeRequest[], options?: SubmitOptions): Promise<AcceptedBatch>
  /** How far a batch is. */
  getBatch(id: string, options?: CallOptions): Promise<Batch>
  /** The batch when all of its jobs have ended. @param options `onProgress` is told how far it is: about once a second, of a batch of more than 100 jobs once in so many seconds as it has hundreds of them */
  waitBatch(id: string, options?: CallOptions & { onProgress?: (counts: Batch['counts']) => void }): Promise<Batch>
  /** Ends the jobs of a batch, queued or running. Those that have ended stay as they are. */
  cancelBatch(id: string, options?: CallOptions): Promise<Batch>
  /** What a job came of, when it was kept. */
  getRequest(id: string, options?: CallOptions): Promise<CodeRequest | ContainerRequest>
  /**
   * Compares the submissions of a stored problem with each other, and returns the pairs that are alike when that is done.
   * @param options `onProgress` is told about once a second how far it is
   * @throws RunyardError `internal-error` when they could not be compared
   */
  compareSubmissions(
    problem: string,
    options?: SimilarityOptions & { onProgress?: (comparison: Comparison) => void },
  ): Promise<Similarity>
  /** The last comparison of a problem's submissions. */
  similarity(problem: string, options?: SimilarityOptions): Promise<Similarity>
  /**
   * The same as a page with the lines that are alike side by side, in HTML.
   * @param options `comparison` is the id of the comparison that is meant
   * @throws RunyardError `not-found` when another one has begun since
   */
  similarityReport(problem: string, options?: CallOptions & { least?: number; comparison?: string }): Promise<string>
  /** A file that a job made, by its path in the job's `artifacts`. */
  artifact(id: string, path: string, options?: CallOptions): Promise<Uint8Array>
  /** The same piece by piece, as it comes. */
  artifactStream(id: string, path: string, options?: CallOptions): AsyncGenerator<Uint8Array, void, void>
  /** Files that are stored once and used in any number of jobs. */
  readonly files: Files
  /** Problems that are stored once and judged by their id. */
  readonly problems: Problems
  /** Packages that are installed once and used in any number of jobs. */
  readonly environments: Environments
  /** Sandboxes that stay: interpreters with state, commands and files. */
  readonly sessions: Sessions
  /** The languages. */
  runtimes(options?: CallOptions): Promise<Runtime[]>
}

export interface SimilarityOptions extends CallOptions {
  /** Similarity of a pair in percent; 50 when absent. */
  least?: number
  /** With the lines that are alike, and end users. */
  code?: boolean
}

/** The longest the service waits at one time, in seconds. */
const LONGEST_WAIT = 60
/** Jobs of a batch that are read in a second, where its progress is told. */
const JOBS_A_SECOND = 100

export function createClient(options: ClientOptions): Client {
  const http = createHttp(options)
  const part = encodeURIComponent
  const artifactAt = (id: string, path: string) =>
    `/v1/jobs/${part(id)}/artifacts/${path.split('/').map(part).join('/')}`
  const webSocket = async () => options.WebSocket ?? (await findWebSocket())

  const post = <T>(path: string, body: unknown, waitSeconds: number, submit: SubmitOptions = {}) => {
    const { idempotencyKey = newIdempotencyKey(), ...call } = submit
    const headers: Record<string, string> = { 'idempotency-key': idempotencyKey }
    if (waitSeconds > 0) headers['prefer'] = `wait=${waitSeconds}`
    return http.json<T>(path, { ...call, method: 'POST', headers, body, waitsMs: waitSeconds * 1000 })
  }

  const untilEnded = async (job: Job, call: CallOptions = {}): Promise<Job> => {
    let now = job
    while (!hasEnded(now)) {
      const path = `/v1/jobs/${part(job.id)}?wait=${LONGEST_WAIT}`
      now = await http.json<Job>(path, { ...call, waitsMs: LONGEST_WAIT * 1000 }).catch((error: unknown) => {
        throw lostJob(job.id, error)
      })
    }
    return now
  }

  const environments = createEnvironments(http)
  const client: Client = {
    run: async (request, submit = {}) => untilEnded(await post<Job>('/v1/jobs', request, LONGEST_WAIT, submit), submit),
    submit: (request, submit) => post<Job>('/v1/jobs', request, 0, submit),
    get: (id, call) => http.json<Job>(`/v1/jobs/${part(id)}`, call),
    wait: async (id, call) => untilEnded(await client.get(id, call), call),
    async *list({ state, status, language, endUser, pageSize = 100, ...call } = {}) {
      const query = new URLSearchParams({ limit: String(pageSize) })
      for (const [name, value] of Object.entries({ state, status, language, endUser }))
        if (value) query.set(name, value)
      for (let next: string | null = ''; next !== null;) {
        if (next !== '') query.set('cursor', next)
        const page: { jobs: JobSummary[]; next: string | null } = await http.json(`/v1/jobs?${query.toString()}`, call)
        yield* page.jobs
        next = page.next
      }
    },
    stream: (id, stream) => eventsOf<StreamedEvent>(http, `/v1/jobs/${part(id)}/events`, stream),
    async interactive(what, submit = {}) {
      const WebSocket = await webSocket()
      const id = typeof what === 'string' ? what : (await client.submit({ ...what, interactive: true }, submit)).id
      return openInteractive(http, WebSocket, id, submit)
    },
    cancel: (id, call) => http.json<Job>(`/v1/jobs/${part(id)}`, { ...call, method: 'DELETE' }),
    batch: (jobs, submit) => post<AcceptedBatch>('/v1/batches', { jobs }, 0, submit),
    getBatch: (id, call) => http.json<Batch>(`/v1/batches/${part(id)}`, call),
    async waitBatch(id, { onProgress, ...call } = {}) {
      let seconds = onProgress ? 1 : LONGEST_WAIT
      for (;;) {
        const path = `/v1/batches/${part(id)}?wait=${seconds}`
        const batch = await http.json<Batch>(path, { ...call, waitsMs: seconds * 1000 })
        onProgress?.(batch.counts)
        // Each answer has all of its jobs.
        if (onProgress) seconds = Math.min(LONGEST_WAIT, Math.max(1, Math.ceil(batch.jobs.length / JOBS_A_SECOND)))
        if (batch.counts.queued + batch.counts.running === 0) return batch
      }
    },
    cancelBatch: (id, call) => http.json<Batch>(`/v1/batches/${part(id)}`, { ...call, method: 'DELETE' }),
    getRequest: (id, call) => http.json(`/v1/jobs/${part(id)}/request`, call),
    artifact: (id, path, call) => http.bytes(artifactAt(id, path), call),
    async *artifactStream(id, path, call) {
      yield* piecesOf(http.url, await http.open(artifactAt(id, path), call), call?.signal)
    },
    problems: createProblems(http),
    environments,
    async compareSubmissions(problem, { onProgress, least = 50, code = false, ...call } = {}) {
      const path = `/v1/problems/${part(problem)}/similarity`
      const begun = await http.json<Comparison>(path, { ...call, method: 'POST' })
      onProgress?.(begun)
      const seconds = onProgress ? 1 : LONGEST_WAIT
      for (;;) {
        const wait = { ...call, waitsMs: seconds * 1000 }
        const now = await http.json<Similarity>(`${path}?least=${least}&code=${code}&wait=${seconds}`, wait)
        if (now.state === 'finished') return now
        if (now.state === 'failed') throw notCompared()
        onProgress?.(now)
      }
    },
    similarity: (problem, { least = 50, code = false, ...call } = {}) =>
      http.json<Similarity>(`/v1/problems/${part(problem)}/similarity?least=${least}&code=${code}`, call),
    async similarityReport(problem, { least = 50, comparison, ...call } = {}) {
      const which = comparison === undefined ? '' : `&comparison=${part(comparison)}`
      const path = `/v1/problems/${part(problem)}/similarity/report?least=${least}${which}`
      return new TextDecoder().decode(await http.bytes(path, call))
    },
    files: createFiles(http, newIdempotencyKey),
    sessions: createSessions(http, environments, newIdempotencyKey, webSocket),
    runtimes: async (call) => (await http.json<{ runtimes: Runtime[] }>('/v1/runtimes', call)).runtimes,
  }
  return client
}

function notCompared(): RunyardError {
  const detail =
    'the submissions could not be compared; this is a fault of the service: compare them again, and see the logs of the workers if that fails too'
  return new RunyardError({ code: 'internal-error', status: 500, detail })
}

const hasEnded = ({ state }: Job) => state === 'finished' || state === 'cancelled'

/** A job that was there and is not any more has expired. */
function lostJob(id: string, error: unknown): unknown {
  if (!(error instanceof RunyardError) || error.code !== 'not-found') return error
  const detail = `the result of job ${id} has expired before it was read`
  return new RunyardError({ code: 'job-lost', status: 404, detail, cause: error })
}

/** `crypto.randomUUID` is for secure contexts only; a page that is served by http has this. */
function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
