import { retry, type RetryOptions } from './retry.ts'
import { errorOf, RunyardError } from './runyard-error.ts'

/** Of one call. What is absent is as the client has it. */
export type CallOptions = Pick<RetryOptions, 'signal' | 'retries' | 'shouldRetry'>

/** What is sent as it is. A stream can be sent once. */
export type HttpContent = Uint8Array | ArrayBuffer | Blob | string | ReadableStream<Uint8Array>

export interface HttpRequest extends CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Record<string, string>
  body?: unknown
  /** Bytes, in place of a body of JSON; the caller says of what type. */
  content?: HttpContent
  /** How long the service may take on purpose before it answers, in milliseconds. */
  waitsMs?: number
}

export interface Http {
  /** Where the service is, without a slash at the end. */
  readonly url: string
  /** The key to show now, if there is one. */
  key(): string | undefined
  /** When a call is made again, unless it says so itself. */
  readonly policy: Required<Pick<RetryOptions, 'retries'>> & Pick<RetryOptions, 'shouldRetry' | 'onRetry'>
  /**
   * One request, its answer read as a whole, made again while that may help. An answer without content is undefined.
   * @throws RunyardError, or the signal's reason
   */
  json<T>(path: string, request?: HttpRequest): Promise<T>
  /** The same, with the bytes of the answer. */
  bytes(path: string, request?: HttpRequest): Promise<Uint8Array>
  /** The same, with the answer as soon as it begins: its body is for the caller to read. */
  open(path: string, request?: HttpRequest): Promise<Response>
  /** One request, never made again; the answer is a success and not read yet. @throws RunyardError, or the signal's reason */
  once(path: string, request: HttpRequest, signal: AbortSignal | undefined): Promise<Response>
}

export interface HttpOptions extends Omit<RetryOptions, 'signal'> {
  /** e.g. `http://127.0.0.1:3000`; a path at its end is kept. */
  url: string | URL
  /** `ry_...`; none where the service asks for none. A function is asked at each request. */
  key?: string | (() => string | undefined) | undefined
  /** Instead of the global one. */
  fetch?: typeof fetch | undefined
  /** How often a request is made again that could not be answered: 429, 502, 503, 504, no answer. 8, some 40 s, when absent. */
  retries?: number | undefined
}

/** For browsers: what a job is like is asked for anew. */
const NO_STORE = { cache: 'no-store' as const }

/** An answer that takes longer than this, beyond what it may, is not going to come. */
const PATIENCE_MS = 30_000

export function createHttp(options: HttpOptions): Http {
  const { url: address, key, fetch: own, retries = 8, shouldRetry, onRetry } = options
  const url = new URL(address).href.replace(/\/+$/, '')
  const policy = { retries, shouldRetry, onRetry }
  const keyNow = typeof key === 'function' ? key : () => key
  // Browsers want to see it called on the window.
  const send: typeof fetch = own ?? ((input, init) => globalThis.fetch(input, init))

  const once: Http['once'] = async (path, { method = 'GET', headers = {}, body, content }, signal) => {
    const shown: Record<string, string> = { ...headers }
    const secret = keyNow()
    if (secret !== undefined) shown['authorization'] = `Bearer ${secret}`
    if (body !== undefined) shown['content-type'] = 'application/json'
    const init: RequestInit = { method, headers: shown, ...NO_STORE, ...(signal && { signal }) }
    if (body !== undefined) init.body = JSON.stringify(body)
    if (content !== undefined) init.body = content as NonNullable<RequestInit['body']>
    // What is not whole can be sent in no other way.
    if (content instanceof ReadableStream) Object.assign(init, { duplex: 'half' })
    const answer = await send(`${url}${path}`, init).catch((cause: unknown) => {
      throw unreachable(url, cause)
    })
    if (!answer.ok) throw await errorOf(answer)
    return answer
  }

  const whole = <T>(
    path: string,
    request: HttpRequest,
    read: (answer: Response, limit: TimeLimit) => Promise<T>,
  ): Promise<T> => {
    const { signal, waitsMs = 0 } = request
    return retry(
      async () => {
        const limit = withTimeout(signal, waitsMs + PATIENCE_MS)
        try {
          const answer = await once(path, request, limit.signal)
          return await read(answer, limit).catch((cause: unknown) => {
            throw unreachable(url, cause)
          })
        } finally {
          limit.clear()
        }
      },
      { ...policyOf(policy, request), signal },
    )
  }

  return {
    url,
    key: keyNow,
    policy,
    once,
    json: <T>(path: string, request: HttpRequest = {}) =>
      whole(
        path,
        request,
        (answer) => (answer.status === 204 ? Promise.resolve(undefined) : answer.json()) as Promise<T>,
      ),
    open: (path, request = {}) => {
      const { signal, waitsMs = 0 } = request
      return retry(
        async () => {
          const limit = withTimeout(signal, waitsMs + PATIENCE_MS)
          try {
            return await once(path, request, limit.signal)
          } finally {
            limit.clear()
          }
        },
        { ...policyOf(policy, request), signal },
      )
    },
    bytes: (path, request = {}) => whole(path, request, readBytes),
  }
}

/** An answer's body, however long it takes as long as something comes. */
async function readBytes(answer: Response, limit: TimeLimit): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const reader = answer.body?.getReader()
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    pieces.push(next.value)
    limit.restart()
  }
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let filled = 0
  for (const piece of pieces) {
    whole.set(piece, filled)
    filled += piece.length
  }
  return whole
}

/** The client's policy, as far as a call has none of its own. */
export function policyOf(policy: Http['policy'], { retries, shouldRetry }: CallOptions): Http['policy'] {
  return { ...policy, ...(retries !== undefined && { retries }), ...(shouldRetry && { shouldRetry }) }
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
    timer = setTimeout(() => controller.abort(new Error(`no data for ${ms / 1000} s`)), ms)
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
