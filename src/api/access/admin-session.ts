import { type Response, Router } from 'express'
import Type, { type Static } from 'typebox'
import type { AdminSessions } from '../../shared/access/admin-sessions.ts'
import type { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { parseKey } from '../../shared/access/key-text.ts'
import { KIB } from '../../shared/limits.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import type { SecurityEvent, SecurityEventKind } from '../../shared/security/security-event.ts'
import { type AdminLogin, type Login, requireSameOrigin } from './admin-login.ts'
import { clientAddress } from './client-address.ts'
import { clearSessionCookie, sessionToken, setSessionCookie } from './session-cookie.ts'
import { unauthenticated } from './unauthenticated.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { noQuery } from '../http/query.ts'
import { requestIdOf } from '../http/request-log.ts'
import { bodyValidator } from '../http/validate.ts'
import { spend } from '../rate-limit/rate-limit.ts'
import type { LimitedCaller, RateLimiter } from '../rate-limit/rate-limiter.ts'

export interface AdminSessionDeps {
  sessions: AdminSessions
  login: AdminLogin
  apiKeys: Pick<ApiKeys, 'verify'>
  limiter: RateLimiter
  /** Told of every login that fails. What it throws is answered in place of the 401. */
  onFailure: (event: SecurityEvent, res: Response) => Promise<void>
  audit: (event: SecurityEvent) => void
}

const MAX_BODY_BYTES = 4 * KIB

export const LoginRequest = Type.Union([
  Type.Object(
    { key: Type.String({ maxLength: 200, description: 'a key with the scope admin' }) },
    { additionalProperties: false },
  ),
  Type.Object(
    { link: Type.String({ maxLength: 200, description: 'what a link of "runyard dashboard" ends with' }) },
    { additionalProperties: false },
  ),
])
/** Who is logged in; never what shows it. */
export const SessionView = Type.Object({
  session: Type.Union([
    Type.Null(),
    Type.Object({
      keyId: Type.Union([Type.String(), Type.Null()], { description: 'of the key it was opened with; null: a link' }),
      createdAt: Type.String({ format: 'date-time' }),
      expiresAt: Type.String({ format: 'date-time', description: 'when it ends however much it is used' }),
      key: Type.Union([Type.Null(), Type.Object({ id: Type.String(), name: Type.String(), tenant: Type.String() })]),
    }),
  ]),
})
const loginRequest = bodyValidator(LoginRequest)

/**
 * `/v1/admin/session`: log in, see who is, log out. It stands before the look at who is calling, since whoever comes here has
 * nothing to show yet.
 */
export function adminSessionRoutes(deps: AdminSessionDeps): Router {
  const { sessions, login, apiKeys, limiter, onFailure, audit } = deps
  const router = Router()

  const take = (res: Response, key: Pick<ApiKey, 'id' | 'rate'> | null) => {
    const caller: LimitedCaller = { address: addressOf(res), keyId: key?.id ?? null, rate: key?.rate ?? null }
    return spend(limiter, caller, 'read', 1, res, (detail) => audit(eventOf('rate-limited', res, key?.id, detail)))
  }

  /** @returns the key that was shown, null for a link. @throws Problem when it opens nothing */
  const verify = async (res: Response, shown: { key: string } | { link: string }): Promise<ApiKey | null> => {
    const fail = async (answer: string, detail: string): Promise<never> => {
      await onFailure(eventOf('authentication-failed', res, undefined, detail), res)
      throw unauthenticated(answer)
    }
    if ('link' in shown) {
      if (await sessions.takeLink(shown.link).catch(unavailable)) return null
      return fail('the link is not valid: it opens the dashboard once, within ten minutes; npx runyard dashboard makes another', 'a login with a link that is not valid') // prettier-ignore
    }
    const key = await apiKeys.verify(shown.key.trim()).catch(unavailable)
    if (!key) {
      const id = parseKey(shown.key.trim())?.id
      return fail(
        'the key is not valid: it may be mistyped, revoked or expired',
        id === undefined ? 'a login with what is no key' : `a login with a key ${id} that is not valid`,
      )
    }
    if (key.scopes.includes('admin')) return key
    const detail = `a login with the key ${key.id}, which has not the scope admin`
    await onFailure(eventOf('authentication-failed', res, undefined, detail), res)
    throw new Problem('insufficient-scope', `this takes a key with the scope admin; this one has ${key.scopes.join(', ')}`) // prettier-ignore
  }

  router
    .route('/')
    .get(noQuery, async (req, res) => {
      const found = await login.of(req)
      await take(res, found?.key ?? null)
      answer(res, found)
    })
    .post(noQuery, jsonBody(MAX_BODY_BYTES), async (req, res) => {
      // Nobody shall be logged in by a page of somebody else, as somebody else. Programs name no origin at all.
      const { origin, 'sec-fetch-site': site } = req.headers
      if (origin !== undefined || site !== undefined) requireSameOrigin(req)
      const key = await verify(res, loginRequest(req.body))
      await take(res, key)
      const { token, session } = await sessions.open(key?.id ?? null).catch(unavailable)
      const before = sessionToken(req)
      if (before !== undefined) await sessions.close(before).catch(unavailable)
      setSessionCookie(res, token)
      audit(eventOf('admin-login', res, key?.id, key ? `logged in with the key ${key.id} ("${key.name}")` : 'logged in with a link', key?.tenant)) // prettier-ignore
      res.status(201)
      answer(res, { session, key })
    })
    .delete(noQuery, async (req, res) => {
      requireSameOrigin(req)
      await take(res, null)
      const token = sessionToken(req)
      const closed = token === undefined ? undefined : await sessions.close(token).catch(unavailable)
      clearSessionCookie(res)
      if (closed) audit(eventOf('admin-logout', res, closed.keyId ?? undefined, 'logged out'))
      res.status(204).end()
    })
    .all(onlyMethods('GET', 'POST', 'DELETE'))

  return router
}

function answer(res: Response, login: Login | undefined): void {
  const { session, key } = login ?? { session: null, key: null }
  const shown: Static<typeof SessionView> = {
    session: session && { ...session, key: key && { id: key.id, name: key.name, tenant: key.tenant } },
  }
  res.set('Cache-Control', 'no-store').json(shown)
}

const addressOf = (res: Response): string => clientAddress(res.req.ip)

const unavailable = (error: unknown): never => {
  throw queueUnavailable(error)
}

function eventOf(
  kind: SecurityEventKind,
  res: Response,
  keyId: string | undefined,
  detail: string,
  tenant?: string,
): SecurityEvent {
  const origin = { address: addressOf(res), keyId: keyId ?? null, tenant: tenant ?? null }
  return { kind, ...origin, requestId: requestIdOf(res.req), jobId: null, detail }
}
