import type { Request } from 'express'
import type { AdminSession, AdminSessions } from '../../shared/access/admin-sessions.ts'
import type { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import { hasEffects, isSameOrigin } from './same-origin.ts'
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
