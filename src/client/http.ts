import { pause, pauseBefore } from './retry.ts'
import { errorOf, RunyardError } from './runyard-error.ts'

export interface CallOptions {
  /** Ends the call, which rejects with the signal's reason. What was submitted goes on. */
  signal?: AbortSignal | undefined
  /** How often a request is made again that could not be answered; the client's when absent. */
  retries?: number | undefined
}

export interface HttpRequest extends CallOptions {
  method?: 'GET' | 'POST' | 'DELETE'
  headers?: Record<string, string>
  body?: unknown
  /** How long the service may take on purpose before it answers, in milliseconds. */
  waitsMs?: number
}

export interface Http {
  /** Where the service is, without a slash at the end. */
  readonly url: string
  readonly key: string | undefined
  readonly retries: number
  /** Told before each pause after which a request is made again. */
  readonly onRetry: NonNullable<HttpOptions['onRetry']>
  /** One request, its answer read as a whole, made again while that may help. @throws RunyardError, or the signal's reason */
  json<T>(path: string, request?: HttpRequest): Promise<T>
  /** The same, with the bytes of the answer. */
  bytes(path: string, request?: HttpRequest): Promise<Uint8Array>
  /** One request, never made again; the answer is a success and not read yet. @throws RunyardError, or the signal's reason */
  once(path: string, request: HttpRequest, signal: AbortSignal | undefined): Promise<Response>
}

export interface HttpOptions {
  /** e.g. `http://127.0.0.1:3000`; a path at its end is kept. */
  url: string | URL
  /** `ry_...`; none where the service asks for none. */
  key?: string | undefined
  /** Instead of the global one. */
  fetch?: typeof fetch | undefined
  /** How often a request is made again that could not be answered: 429, 502, 503, 504, no answer. 8, some 40 s, when absent. */
  retries?: number | undefined
  /** Told before each pause after which a request is made again: what failed, and how long the pause is in milliseconds. */
  onRetry?: ((error: RunyardError, pauseMs: number) => void) | undefined
}

/** For browsers: what a job is like is asked for anew. */
const NO_STORE = { cache: 'no-store' as const }

/** An answer that takes longer than this, beyond what it may, is not going to come. */
const PATIENCE_MS = 30_000

export function createHttp(options: HttpOptions): Http {
  const { url: address, key, fetch: own, retries = 8, onRetry = () => undefined } = options
  const url = new URL(address).href.replace(/\/+$/, '')
  // Browsers want to see it called on the window.
  const send: typeof fetch = own ?? ((input, init) => globalThis.fetch(input, init))

  const once: Http['once'] = async (path, { method = 'GET', headers = {}, body }, signal) => {
    const shown: Record<string, string> = { ...headers }
    if (key !== undefined) shown['authorization'] = `Bearer ${key}`
    if (body !== undefined) shown['content-type'] = 'application/json'
    const init: RequestInit = { method, headers: shown, ...NO_STORE, ...(signal && { signal }) }
    if (body !== undefined) init.body = JSON.stringify(body)
    const answer = await send(`${url}${path}`, init).catch((cause: unknown) => {
      throw unreachable(url, cause)
    })
    if (!answer.ok) throw await errorOf(answer)
    return answer
  }

  const patiently = async <T>(path: string, request: HttpRequest, read: (answer: Response) => Promise<T>) => {
    const { signal, waitsMs = 0, retries: most = retries } = request
    for (let failures = 1; ; failures++) {
      signal?.throwIfAborted()
      const limit = withTimeout(signal, waitsMs + PATIENCE_MS)
      try {
        const answer = await once(path, request, limit.signal)
        return await read(answer).catch((cause: unknown) => {
          throw unreachable(url, cause)
        })
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof RunyardError)) throw error
        const ms = pauseBefore(error, failures, most)
        if (ms === undefined) throw error
        onRetry(error, ms)
        await pause(ms, signal)
      } finally {
        limit.clear()
      }
    }
  }

  return {
    url,
    key,
    retries,
    onRetry,
    once,
    json: <T>(path: string, request: HttpRequest = {}) =>
      patiently(path, request, (answer) => answer.json() as Promise<T>),
    bytes: (path, request = {}) =>
      patiently(path, request, async (answer) => new Uint8Array(await answer.arrayBuffer())),
  }
}

export interface TimeLimit {
  signal: AbortSignal
  /** Begins to count anew. */
  restart(): void
  clear(): void
}

/** A signal that aborts with another one, or when so much time has passed. */
export function withTimeout(signal: AbortSignal | undefined, ms: number): TimeLimit {
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal?.reason)
  let timer: ReturnType<typeof setTimeout> | undefined
  const restart = () => {
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(new Error(`nothing came for ${ms / 1000} s`)), ms)
  }
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  restart()
  return {
    signal: controller.signal,
    restart,
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}

export function unreachable(url: string, cause: unknown): RunyardError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  // Of several addresses that failed, Node's error has a code and no message.
  const { message, code } = (inner ?? {}) as { message?: string; code?: string }
  const why = (message || code || '').trim()
  const title = 'Runyard does not answer'
  return new RunyardError({ code: 'unreachable', title, detail: `no answer from ${url}${why && `: ${why}`}`, cause })
}
