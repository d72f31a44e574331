import { createHttp, type Http } from '../../client/http.ts'

/** Who is logged in. */
export interface Session {
  createdAt: string
  expiresAt: string
  /** Null: by a link that was made on the machine itself. */
  key: { id: string; name: string; tenant: string } | null
}

/**
 * The requests of the dashboard: a cookie says who makes them. Each is made once, since somebody looks on.
 * @param onEnded told when an answer says that nobody is logged in (any more)
 */
export function createSessionHttp(onEnded: () => void = () => undefined): Http {
  const watched: typeof fetch = async (...request) => {
    const answer = await fetch(...request)
    if (answer.status === 401) onEnded()
    return answer
  }
  return createHttp({ url: location.origin, fetch: watched, retries: 0 })
}

const PATH = '/v1/admin/session'
const http = createSessionHttp()

/** Logging in and out. Each throws a RunyardError when the API refuses. */
export const sessions = {
  current: async () => (await http.json<{ session: Session | null }>(PATH)).session,
  open: async (shown: { key: string } | { link: string }) =>
    (await http.json<{ session: Session }>(PATH, { method: 'POST', body: shown })).session,
  close: () => http.json<undefined>(PATH, { method: 'DELETE' }),
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
