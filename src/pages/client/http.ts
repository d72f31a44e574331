import { problemOf, unreachable } from './api-problem.ts'

/** Makes requests of the API: with the key, when there is one, and with every refusal as an `ApiProblem`. */
export interface Http {
  /** @throws ApiProblem unless the answer is a success */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The body of the answer. @throws ApiProblem */
  json<T>(path: string, init?: RequestInit): Promise<T>
  /** The same, with a body as JSON. @throws ApiProblem */
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
}

/** @param key the key to show, asked for at each request */
export function createHttp(key: () => string | null = () => null): Http {
  const http: Http = {
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      const shown = key()
      if (shown !== null) headers.set('authorization', `Bearer ${shown}`)
      const answer = await fetch(path, { ...init, headers, cache: 'no-store' }).catch((error: unknown) => {
        if (init.signal?.aborted) throw error
        throw unreachable()
      })
      if (!answer.ok) throw await problemOf(answer)
      return answer
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
