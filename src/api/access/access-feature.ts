import type { RequestHandler, Response } from 'express'
import { createAdminSessions } from '../../shared/access/admin-sessions.ts'
import type { Scope } from '../../shared/access/api-key.ts'
import { createApiKeys } from '../../shared/access/api-keys.ts'
import { createBrowserTokens } from '../../shared/access/browser-tokens.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import { authenticationFailures, type Foresee, spend } from '../rate-limit/rate-limit.ts'
import type { RateLimiter } from '../rate-limit/rate-limiter.ts'
import type { Audit } from '../security/audit.ts'
import { adminKeyRoutes } from './admin-keys.ts'
import { type AdminLogin, createAdminLogin } from './admin-login.ts'
import { sessionRoutes } from './admin-session.ts'
import { type Authentication, createAuthentication } from './authenticate.ts'
import { browserTokenRoutes, fromPages } from './browser-tokens.ts'
import { requireScope } from './require-scope.ts'
import { createRevocations } from './revocations.ts'

export interface AccessFeature extends Authentication {
  routes: BoundRoute[]
  /** Lets pages show browser tokens; before other origins are refused. */
  fromPages: RequestHandler
  /** Lets through callers that have one of these scopes. @param path of the route, for the record of a refusal */
  allow: (scopes: readonly Scope[], path: string) => RequestHandler
  /** Sends browsers without a session to where they can log in. */
  toLogin: RequestHandler
}

export interface AccessNeeds {
  limiter: RateLimiter
  foresee: Foresee
  record: (event: SecurityEvent) => Promise<void>
  audit: Audit
}

export const ACCESS_ROUTES = [...sessionRoutes, ...adminKeyRoutes, ...browserTokenRoutes]

/** Who may: keys, the dashboard's session, scopes. */
export function createAccessFeature(core: Core, { limiter, foresee, record, audit }: AccessNeeds): AccessFeature {
  const { config, redis, keys, subscriber } = core
  const apiKeys = createApiKeys(redis, keys)
  const browserTokens = createBrowserTokens(redis, keys)
  const sessions = createAdminSessions(redis, keys, config.adminSessions)
  const login = createAdminLogin({ sessions, apiKeys })
  const revocations = createRevocations(subscriber, keys, apiKeys)
  const onFailure = authenticationFailures(limiter, record)
  const onEnded = (address: string, res: Response) =>
    spend(limiter, { address, keyId: null, rate: null }, 'read', 1, res, () => undefined)
  return {
    routes: bindRoutes(
      { config, sessions, login, apiKeys, browserTokens, limiter, onFailure, record, audit },
      ACCESS_ROUTES,
    ),
    ...createAuthentication({ config, apiKeys, browserTokens, revocations, login, onFailure, onEnded, foresee }),
    fromPages: fromPages(browserTokens),
    allow: (scopes, path) => requireScope(scopes, record, path),
    toLogin: toLogin(login),
  }
}

/** Whoever shows a key is looked at like everybody. */
function toLogin(login: Pick<AdminLogin, 'of'>): RequestHandler {
  return async (req, res, next) => {
    const shows = req.headers.authorization !== undefined || req.headers['x-api-key'] !== undefined
    if (req.method !== 'GET' || shows || req.accepts(['json', 'html']) !== 'html') return next()
    if (await login.of(req)) return next()
    res.set('Cache-Control', 'no-store').redirect(303, '/admin')
  }
}
