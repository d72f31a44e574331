import { ApiProblem } from '../client/api-problem.ts'
import { createHttp, type Http } from '../client/http.ts'

/** Who is logged in. */
export interface Session {
  createdAt: string
  expiresAt: string
  /** Null: by a link that was made on the machine itself. */
  key: { id: string; name: string; tenant: string } | null
}

type Ended = () => void

/** The requests of the dashboard: a cookie says who makes them, and an answer that it does not (any more) is told here. */
export function createSessionHttp(onEnded: Ended): Http {
  const plain = createHttp()
  const watched = async <T>(request: Promise<T>): Promise<T> =>
    request.catch((error: unknown) => {
      if (error instanceof ApiProblem && error.status === 401) onEnded()
      throw error
    })
  return {
    fetch: (...request) => watched(plain.fetch(...request)),
    json: (...request) => watched(plain.json(...request)),
    send: (...request) => watched(plain.send(...request)),
  }
}

const PATH = '/v1/admin/session'
const http = createHttp()

/** Logging in and out. Each throws an ApiProblem when the API refuses. */
export const sessions = {
  current: async () => (await http.json<{ session: Session | null }>(PATH)).session,
  open: async (shown: { key: string } | { link: string }) =>
    (await http.send<{ session: Session }>('POST', PATH, shown)).session,
  close: () => http.send<undefined>('DELETE', PATH),
}

/**
 * What a link of `runyard dashboard` ends with, taken out of the address at once: it opens a session one time, and has no
 * business in a history.
 */
export function takeLink(): string | undefined {
  const link = /^#link=([\w-]+)$/.exec(location.hash)?.[1]
  if (link !== undefined) history.replaceState(null, '', location.pathname)
  return link
}
