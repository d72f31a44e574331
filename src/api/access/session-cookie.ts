import type { CookieOptions, Request, Response } from 'express'

/**
 * The cookie of the dashboard's session. No script reads it, no other site sends it, and behind TLS its name begins so that no other host
 * or plain connection can have set it. Browsers do not part the cookies of one host by port, so the port stands in the name: two
 * gateways of one machine do not take each other's for theirs, nor end each other's sessions.
 */
function nameOf({ secure, host }: Pick<Request, 'secure' | 'host'>): string {
  const port = /:(\d{1,5})$/.exec(host ?? '')?.[1]
  return `${secure ? '__Host-' : ''}runyard-session${port === undefined ? '' : `-${port}`}`
}

const options = ({ secure }: Pick<Request, 'secure'>): CookieOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  path: '/',
  secure,
})

/** What the cookie of a request says; undefined when it has none, or more than one. */
export function sessionToken(req: Pick<Request, 'headers' | 'secure' | 'host'>): string | undefined {
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
