import type { Request } from 'express'
import type { AdminSession, AdminSessions } from '../../shared/access/admin-sessions.ts'
import type { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import { sessionToken } from './session-cookie.ts'

/** Who is logged in. */
export interface Login {
  session: AdminSession
  /** The key that was shown, as it is now; null: a link that was made on the machine itself. */
  key: ApiKey | null
}

export interface AdminLogin {
  /**
   * Who is logged in, by the cookie of a request: nobody when the session or its key has ended.
   * @throws Problem `cross-site` when the request would change something and is not of a page of this origin
   */
  of: (req: Request) => Promise<Login | undefined>
  /** The same for requests to what a session opens. `ended`: there is a cookie, and it opens nothing (any more). */
  forRequest: (req: Request) => Promise<Login | 'ended' | undefined>
}

/** What a session opens, and nothing else: jobs of one's own take a key. */
const OPENED = /^\/(?:v1\/admin|admin|metrics)(?:\/|$)/i

export interface AdminLoginDeps {
  sessions: Pick<AdminSessions, 'find'>
  apiKeys: Pick<ApiKeys, 'findValid'>
}

export function createAdminLogin({ sessions, apiKeys }: AdminLoginDeps): AdminLogin {
  const find = async (token: string): Promise<Login | undefined> => {
    const session = await sessions.find(token)
    if (!session) return undefined
    if (session.keyId === null) return { session, key: null }
    const key = await apiKeys.findValid(session.keyId)
    return key?.scopes.includes('admin') ? { session, key } : undefined
  }
  const of = async (req: Request): Promise<Login | undefined> => {
    const token = sessionToken(req)
    if (token === undefined) return undefined
    requireSameOrigin(req)
    return find(token).catch((error: unknown) => {
      throw queueUnavailable(error)
    })
  }
  return {
    of,
    async forRequest(req) {
      if (!OPENED.test(req.path) || sessionToken(req) === undefined) return undefined
      return (await of(req)) ?? 'ended'
    },
  }
}

/** @throws Problem `cross-site` */
export function requireSameOrigin(req: Request): void {
  if (!hasEffects(req) || isSameOrigin(req)) return
  throw new Problem('cross-site', 'with a session, only pages of this gateway itself may do this')
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a request changes something, or opens a WebSocket, which no rule of browsers keeps pages of other sites from. */
export const hasEffects = (req: Pick<Request, 'method' | 'headers'>): boolean =>
  !SAFE_METHODS.has(req.method) || req.headers.upgrade !== undefined

/**
 * Whether a browser says that a page of this very origin makes the request. What a browser brings along by itself is believed
 * only then: another port of this machine is the same site, and its pages are not ours. Browsers send at least one of the two headers with
 * whatever changes something; a request without both is none of a page.
 */
export function isSameOrigin(req: Pick<Request, 'headers' | 'host'>): boolean {
  const { origin } = req.headers
  const site = req.headers['sec-fetch-site']
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === req.host)) return false
  return site === undefined ? origin !== undefined : site === 'same-origin'
}
