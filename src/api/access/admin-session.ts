import type { Request, Response } from 'express'
import Type, { type Static } from 'typebox'
import type { AdminSessions } from '../../shared/access/admin-sessions.ts'
import type { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { parseKey } from '../../shared/access/key-text.ts'
import { KIB } from '../../shared/limits.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import type { SecurityEvent, SecurityEventKind } from '../../shared/security/security-event.ts'
import { unauthenticated } from '../http/problems.ts'
import { requestIdOf } from '../http/request-log.ts'
import { defineRoute } from '../http/route.ts'
import { spend } from '../rate-limit/rate-limit.ts'
import type { LimitedCaller, RateLimiter } from '../rate-limit/rate-limiter.ts'
import { type AdminLogin, type Login, requireSameOrigin } from './admin-login.ts'
import { clientAddress } from './client-address.ts'
import { clearSessionCookie, sessionToken, setSessionCookie } from './session-cookie.ts'

export interface SessionNeeds {
  sessions: AdminSessions
  login: AdminLogin
  apiKeys: Pick<ApiKeys, 'verify'>
  limiter: RateLimiter
  /** Told of every login that fails. What it throws is answered in place of the 401. */
  onFailure: (event: SecurityEvent, res: Response) => Promise<void>
  record: (event: SecurityEvent) => unknown
}

const MAX_BODY_BYTES = 4 * KIB

export const LoginRequest = Type.Union([
  Type.Object(
    { key: Type.String({ maxLength: 200, description: 'a key with the scope admin' }) },
    { additionalProperties: false },
  ),
  Type.Object(
    { link: Type.String({ maxLength: 200, description: 'the last part of a link of "runyard dashboard"' }) },
    { additionalProperties: false },
  ),
])
/** Who is logged in; never what shows it. */
const SessionView = Type.Object({
  session: Type.Union([
    Type.Null(),
    Type.Object({
      keyId: Type.Union([Type.String(), Type.Null()], { description: 'id of the key that opened it; null: a link' }),
      createdAt: Type.String({ format: 'date-time' }),
      expiresAt: Type.String({ format: 'date-time', description: 'when it ends, even if it is in use' }),
      key: Type.Union([Type.Null(), Type.Object({ id: Type.String(), name: Type.String(), tenant: Type.String() })]),
    }),
  ]),
})

const common = {
  tag: 'Administration',
  path: '/v1/admin/session',
  scopes: [],
  authenticates: true,
  cache: 'no-store',
} as const

/**
 * Log in, see who is, log out. These stand before the look at who is calling, since whoever comes here has nothing to show yet.
 */
export const sessionRoutes = [
  defineRoute({
    ...common,
    method: 'post',
    id: 'logIn',
    summary: 'Log in to the dashboard',
    description:
      'Takes a key with the scope `admin`, or the last part of a link of `npx runyard dashboard`. The cookie gives pages of ' +
      'this gateway access to the routes of operators.',
    body: {
      schema: LoginRequest,
      examples: {
        key: { summary: 'With a key', value: { key: 'ry_4f2a91c07b3e_...' }, refused: 401 },
        link: { summary: 'With a link', value: { link: 'q2Yp...' }, refused: 401 },
      },
      maxBytes: MAX_BODY_BYTES,
    },
    answers: { 201: { description: 'Who is logged in.', schema: SessionView, headers: ['Set-Cookie'] } },
    problems: ['insufficient-scope'],
    schemas: { LoginRequest, SessionView },
    async handle(needs: SessionNeeds, { req, res, body, send }) {
      const { sessions, record } = needs
      // Nobody shall be logged in by a page of somebody else, as somebody else. Programs name no origin at all.
      const { origin, 'sec-fetch-site': site } = req.headers
      if (origin !== undefined || site !== undefined) requireSameOrigin(req)
      const key = await verify(needs, req, res, body)
      await take(needs, req, res, key)
      const { token, session } = await sessions.open(key?.id ?? null).catch(unavailable)
      const before = sessionToken(req)
      if (before !== undefined) await sessions.close(before).catch(unavailable)
      setSessionCookie(res, token)
      const how = key ? `logged in with the key ${key.id} ("${key.name}")` : 'logged in with a link'
      record(eventOf('admin-login', req, key?.id, how, key?.tenant))
      send(201, viewOf({ session, key }))
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    id: 'readLogin',
    summary: 'Read the current session',
    answers: { 200: { description: 'The session, or `null` when nobody is logged in.', schema: SessionView } },
    async handle(needs: SessionNeeds, { req, res, send }) {
      const found = await needs.login.of(req)
      await take(needs, req, res, found?.key ?? null)
      send(200, viewOf(found))
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    id: 'logOut',
    summary: 'Log out',
    answers: { 204: { description: 'Nobody is logged in.', headers: ['Set-Cookie'] } },
    async handle(needs: SessionNeeds, { req, res, send }) {
      requireSameOrigin(req)
      await take(needs, req, res, null)
      const token = sessionToken(req)
      const closed = token === undefined ? undefined : await needs.sessions.close(token).catch(unavailable)
      clearSessionCookie(res)
      if (closed) needs.record(eventOf('admin-logout', req, closed.keyId ?? undefined, 'logged out'))
      send(204)
    },
  }),
]

/** Takes what the request costs from the budget of whoever makes it. */
function take({ limiter, record }: SessionNeeds, req: Request, res: Response, key: Pick<ApiKey, 'id' | 'rate'> | null) {
  const caller: LimitedCaller = { address: addressOf(req), keyId: key?.id ?? null, rate: key?.rate ?? null }
  return spend(limiter, caller, 'read', 1, res, (detail) => record(eventOf('rate-limited', req, key?.id, detail)))
}

/** @returns the key that was shown, null for a link. @throws Problem when it opens nothing */
async function verify(
  { sessions, apiKeys, onFailure }: SessionNeeds,
  req: Request,
  res: Response,
  shown: Static<typeof LoginRequest>,
): Promise<ApiKey | null> {
  const fail = async (answer: string, detail: string): Promise<never> => {
    await onFailure(eventOf('authentication-failed', req, undefined, detail), res)
    throw unauthenticated(answer)
  }
  if ('link' in shown) {
    if (await sessions.takeLink(shown.link).catch(unavailable)) return null
    return fail(
      'the link is invalid: a link opens the dashboard once, within ten minutes; npx runyard dashboard makes another',
      'a login with an invalid link',
    )
  }
  const key = await apiKeys.verify(shown.key.trim()).catch(unavailable)
  if (!key) {
    const id = parseKey(shown.key.trim())?.id
    return fail(
      'the key is invalid: it may be mistyped, revoked or expired',
      id === undefined ? 'a login with a malformed key' : `a login with the invalid key ${id}`,
    )
  }
  if (key.scopes.includes('admin')) return key
  const detail = `a login with the key ${key.id}, which lacks the scope admin`
  await onFailure(eventOf('authentication-failed', req, undefined, detail), res)
  const has = key.scopes.join(', ')
  throw new Problem('insufficient-scope', `a key with the scope admin is needed; this one has ${has}`)
}

function viewOf(login: Login | undefined): Static<typeof SessionView> {
  const { session, key } = login ?? { session: null, key: null }
  return { session: session && { ...session, key: key && { id: key.id, name: key.name, tenant: key.tenant } } }
}

const addressOf = (req: Request): string => clientAddress(req.ip)

const unavailable = (error: unknown): never => {
  throw queueUnavailable(error)
}

function eventOf(
  kind: SecurityEventKind,
  req: Request,
  keyId: string | undefined,
  detail: string,
  tenant?: string,
): SecurityEvent {
  const origin = { address: addressOf(req), keyId: keyId ?? null, tenant: tenant ?? null }
  return { kind, ...origin, requestId: requestIdOf(req), jobId: null, detail }
}
