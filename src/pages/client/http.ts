import { ApiProblem, problemOf, unreachable } from './api-problem.ts'

/** Makes requests of the API: with the key, when there is one, and with every refusal as an `ApiProblem`. */
export interface Http {
  /** @throws ApiProblem unless the answer is a success */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The body of the answer. @throws ApiProblem */
  json<T>(path: string, init?: RequestInit): Promise<T>
  /** The same, with a body as JSON. @throws ApiProblem */
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
}

/** Who is asked to wait for longer is told so instead. */
const LONGEST_WAIT_SECONDS = 60
const MOST_WAITS = 8

/**
 * @param key the key to show, asked for at each request
 * @param onRateLimited told how many seconds are left until a request is made again that came too soon, and 0 then. Without it
 *   such a request is refused like any other.
 */
export function createHttp(key: () => string | null = () => null, onRateLimited?: (secondsLeft: number) => void): Http {
  const once = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    const shown = key()
    if (shown !== null) headers.set('authorization', `Bearer ${shown}`)
    const answer = await fetch(path, { ...init, headers, cache: 'no-store' }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error
      throw unreachable()
    })
    if (!answer.ok) throw await problemOf(answer)
    return answer
  }
  const http: Http = {
    async fetch(path, init = {}) {
      for (let waits = 0; ; waits++) {
        try {
          return await once(path, init)
        } catch (error) {
          const seconds = error instanceof ApiProblem && error.code === 'rate-limited' ? error.retryAfterSeconds : null
          const isWaitedFor = onRateLimited && seconds !== null && seconds <= LONGEST_WAIT_SECONDS && waits < MOST_WAITS
          if (!isWaitedFor) throw error
          await countDown(seconds, onRateLimited, init.signal ?? undefined)
        }
      }
    },
    json: async <T>(path: string, init?: RequestInit) => {
      const answer = await http.fetch(path, init)
      return (await answer.json().catch(() => {
        throw unreachable()
      })) as T
    },
    async send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const init: RequestInit = { method, headers }
      if (body !== undefined) {
        init.headers = { ...headers, 'content-type': 'application/json' }
        init.body = JSON.stringify(body)
      }
      const answer = await http.fetch(path, init)
      return (answer.status === 204 ? undefined : await answer.json()) as T
    },
  }
  return http
}

async function countDown(
  seconds: number,
  tell: (left: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (let left = seconds; left > 0; left--) {
      tell(left)
      await new Promise((resolve) => setTimeout(resolve, 1000))
      signal?.throwIfAborted()
    }
  } finally {
    tell(0)
  }
}
