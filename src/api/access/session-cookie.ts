import type { CookieOptions, Request, Response } from 'express'

/**
 * The cookie of the dashboard's session. No script reads it, no other site sends it, and behind TLS its name begins so that no other host
 * or plain connection can have set it.
 */
const nameOf = ({ secure }: Pick<Request, 'secure'>): string => (secure ? '__Host-runyard-session' : 'runyard-session')

const options = ({ secure }: Pick<Request, 'secure'>): CookieOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  path: '/',
  secure,
})

/** What the cookie of a request says; undefined when it has none, or more than one. */
export function sessionToken(req: Pick<Request, 'headers' | 'secure'>): string | undefined {
  const name = `${nameOf(req)}=`
  const [token, other] = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(name))
    .map((pair) => pair.slice(name.length))
  return other === undefined ? token : undefined
}

/** Without a lifetime of its own: it goes with the browser, and Redis knows how long it opens anything. */
export const setSessionCookie = (res: Response, token: string): void =>
  void res.cookie(nameOf(res.req), token, { ...options(res.req), encode: (text) => text })

export const clearSessionCookie = (res: Response): void => void res.clearCookie(nameOf(res.req), options(res.req))
