import type { Request, RequestHandler, Response } from 'express'
import type { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import type { BrowserToken, BrowserTokens } from '../../shared/access/browser-tokens.ts'
import { looksLikeBrowserToken, parseKey } from '../../shared/access/key-text.ts'
import type { Config } from '../../shared/config/config.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { Caller } from '../http/caller.ts'
import { requestIdOf } from '../http/request-log.ts'
import type { AdminLogin, Login } from './admin-login.ts'
import { clientAddress } from './client-address.ts'
import { isHost } from './cross-site.ts'
import { createKnownHolders } from './known-holders.ts'
import { presentedKey } from './presented-key.ts'
import type { Revocations } from './revocations.ts'
import { unauthenticated } from '../http/problems.ts'

export interface AuthenticateDeps {
  config: Pick<Config, 'auth' | 'load'>
  apiKeys: Pick<ApiKeys, 'verify' | 'findValid'>
  browserTokens: Pick<BrowserTokens, 'verify'>
  revocations: Revocations
  /** Who is logged in to the dashboard, where that opens something. */
  login: Pick<AdminLogin, 'forRequest'>
  /** Told of every request whose key is turned away here; none at all is a mistake, no guess. What it throws is answered in place of the 401. */
  onFailure: (event: SecurityEvent, res: Response) => Promise<void>
  /** Told of every request with a cookie of a session that has ended, which is no offence. What it throws is answered in place of the 401. */
  onEnded: (address: string, res: Response) => Promise<void>
  /** Told who most likely asks, while that is not known yet: what the request costs can be taken meanwhile. @returns gives it back */
  foresee?: (caller: Caller, req: Request, res: Response) => () => Promise<void>
}

declare module 'express-serve-static-core' {
  interface Locals {
    /**
     * A signal that aborts when the caller's key is revoked or expires, for routes that stay open; undefined for a caller
     * without a key. It is this response's own, and what it takes to know is released when that closes.
     * @param done aborts when it is to be released instead, for work that goes on without its client
     */
    keyEnds: (done?: AbortSignal) => AbortSignal | undefined
  }
}

const ENDED = 'the session has ended; log in again'
const NO_KEY = 'send a key in the header "Authorization: Bearer ry_..." or "X-API-Key: ry_..."'
const TOKEN_NOT_VALID = 'the browser token is invalid or has expired; the page needs a new one'
/** Jobs of one page that run at one time. */
const PAGE_RUNNING_JOBS = 2
/** One answer to them all, so that it does not help to find a key. */
const NOT_VALID = 'the key is invalid: it may be mistyped, revoked or expired'

export interface Authentication {
  /** Finds out who is calling. */
  authenticate: RequestHandler
  /**
   * Takes a request for one of the holder of this key, as if it were shown: for clients that were given another secret for a part of
   * what is that caller's. Null: of a caller without a key.
   * @throws Problem `unauthenticated` when the key has ended, or one is needed
   */
  asHolder: (keyId: string | null, req: Request, res: Response) => Promise<void>
  /** Takes a request from the budget of its address, for one of nobody who is known. @throws Problem `rate-limited`, `caller-blocked` */
  asStranger: (req: Request, res: Response) => Promise<void>
  /** Refuses such a secret. @throws Problem `unauthenticated`, or what bounds such tries */
  refuse: (detail: string, req: Request, res: Response) => Promise<never>
}

/**
 * Finds out who is calling and sets `res.locals.caller`. A key that is shown must be valid, also where none is needed:
 * whoever shows one counts on being its tenant. A caller who is known already stays.
 */
export function createAuthentication({
  config,
  apiKeys,
  browserTokens,
  revocations,
  login,
  onFailure,
  onEnded,
  foresee,
}: AuthenticateDeps): Authentication {
  const holders = createKnownHolders()
  const withoutKey = (address: string): Caller => ({
    ...(config.auth === 'none'
      ? { tenant: 'local', shareable: true, scopes: ['jobs', 'containers', 'files', 'sessions'] as const }
      : { tenant: `anonymous:${address}`, shareable: false, scopes: ['jobs', 'containers'] as const }),
    address,
    keyId: null,
    rate: null,
    maxRunningJobs: config.load.tenantMaxRunningJobs,
    maxSessions: null,
    ceilings: {},
    screening: null,
    webhook: null,
  })
  const ofKey = (key: ApiKey, address: string): Caller => ({
    tenant: key.tenant,
    shareable: true,
    address,
    keyId: key.id,
    scopes: key.scopes,
    rate: key.rate,
    maxRunningJobs: key.maxRunningJobs ?? config.load.tenantMaxRunningJobs,
    maxSessions: key.maxSessions,
    ceilings: key.limits,
    screening: key.screening,
    // Keys of before webhooks have none.
    webhook: key.webhook ?? null,
  })

  /** The session's key holds as if it were shown, but opens nothing that is not the operator's; a link has no key. */
  const ofLogin = ({ key }: Login, address: string): Caller =>
    key ? { ...ofKey(key, address), scopes: ['admin'] } : { ...withoutKey(address), scopes: ['admin'] }

  /** A token that opens something now, with the key that made it. */
  const ofToken = async (text: string): Promise<{ token: BrowserToken; key: ApiKey | undefined } | undefined> => {
    const token = await browserTokens.verify(text)
    if (!token) return undefined
    if (token.keyId === null) return config.auth === 'none' ? { token, key: undefined } : undefined
    const key = await apiKeys.findValid(token.keyId)
    return key && { token, key }
  }
  /** What its maker has, for itself: its own tenant and its own rates, and no webhooks. */
  const ofPage = ({ id, tenant, scopes }: BrowserToken, key: ApiKey | undefined, address: string): Caller => {
    const maker = key ? ofKey(key, address) : withoutKey(address)
    return {
      ...maker,
      tenant,
      shareable: false,
      keyId: id,
      ...(key && { makerKeyId: key.id }),
      scopes: scopes.filter((scope) => maker.scopes.includes(scope)),
      maxRunningJobs: Math.min(maker.maxRunningJobs ?? PAGE_RUNNING_JOBS, PAGE_RUNNING_JOBS),
      webhook: null,
    }
  }

  const fail = async (answer: string, detail: string, req: Request, res: Response): Promise<never> => {
    // The id shown is in the words only: counted against, it would let anybody have somebody else's key blocked.
    const origin = {
      address: clientAddress(req.ip),
      keyId: null,
      tenant: null,
      requestId: requestIdOf(req),
      jobId: null,
    }
    await onFailure({ kind: 'authentication-failed', ...origin, detail }, res)
    throw unauthenticated(answer)
  }
  /** @param since the subscription to revocations when the key was read */
  const take = (caller: Caller, key: ApiKey | undefined, res: Response, since?: number) => {
    res.locals.caller = caller
    res.locals.keyEnds = (done) =>
      key ? untilDone(res, done, revocations.watch(key.id, key.expiresAt, since)) : undefined
  }

  const authenticate: RequestHandler = async (req, res, next) => {
    if (res.locals.caller !== undefined) return next()
    const address = clientAddress(req.ip)
    const presented = presentedKey(req)
    const since = revocations.subscription
    if (presented === undefined) {
      const found = await login.forRequest(req)
      if (found === 'ended') {
        await onEnded(address, res)
        throw unauthenticated(ENDED)
      }
      if (found) {
        const { key, session } = found
        res.locals.caller = ofLogin(found, address)
        res.locals.keyEnds = (done) =>
          key
            ? untilDone(res, done, revocations.watch(key.id, earlier(key.expiresAt, session.expiresAt), since))
            : undefined
        return next()
      }
      if (config.auth === 'required') throw unauthenticated(NO_KEY)
      take(withoutKey(address), undefined, res)
      return next()
    }
    if ('fault' in presented) return fail(presented.fault.answer, presented.fault.detail, req, res)
    if (looksLikeBrowserToken(presented.key)) {
      const found = await ofToken(presented.key).catch((error: unknown) => {
        throw queueUnavailable(error)
      })
      if (!found) return fail(TOKEN_NOT_VALID, 'an invalid browser token was sent', req, res)
      const { token, key: maker } = found
      if (!isFromOrigin(req, token.origin))
        throw new Problem('cross-site', `this token is for pages of ${token.origin} alone`)
      res.locals.caller = ofPage(token, maker, address)
      const watched = maker ? earlier(maker.expiresAt, token.expiresAt) : token.expiresAt
      res.locals.keyEnds = (done) =>
        maker ? untilDone(res, done, revocations.watch(maker.id, watched, since)) : undefined
      return next()
    }
    const verified = apiKeys.verify(presented.key)
    const known = foresee && holders.find(presented.key)
    const refund = known && foresee(ofKey(known, address), req, res)
    const key = await verified.catch((error: unknown) => {
      // A request that is not served costs nothing.
      void refund?.()
      throw queueUnavailable(error)
    })
    if (!key) {
      if (known) holders.forget(presented.key)
      const id = parseKey(presented.key)?.id
      return fail(NOT_VALID, id === undefined ? 'a malformed key was sent' : `the invalid key ${id} was sent`, req, res)
    }
    // Each time: its rate may be another than it was.
    holders.note(presented.key, key)
    take(ofKey(key, address), key, res, since)
    next()
  }

  return {
    authenticate,
    async asHolder(keyId, req, res) {
      const address = clientAddress(req.ip)
      if (keyId === null) {
        if (config.auth === 'required') throw unauthenticated('this was opened without a key, and one is needed now')
        return take(withoutKey(address), undefined, res)
      }
      const since = revocations.subscription
      const key = await apiKeys.findValid(keyId).catch((error: unknown) => {
        throw queueUnavailable(error)
      })
      if (!key) throw unauthenticated('the key that this was opened with was revoked or has expired')
      take(ofKey(key, address), key, res, since)
    },
    asStranger: (req, res) => onEnded(clientAddress(req.ip), res),
    refuse: (detail, req, res) => fail('the access token is not valid', detail, req, res),
  }
}

/** Whether a page of this origin asks. Browsers name no origin with what a page only reads from its own. */
function isFromOrigin({ headers, host }: Pick<Request, 'headers' | 'host'>, origin: string): boolean {
  if (headers.origin !== undefined) return headers.origin.toLowerCase() === origin
  return headers['sec-fetch-site'] === 'same-origin' && isHost(origin, host)
}

/** Of two times as RFC 3339 has them in UTC. */
const earlier = (a: string | null, b: string): string => (a !== null && Date.parse(a) < Date.parse(b) ? a : b)

/** The signal of a watch that is released when the response closes, or `done` aborts where there is one. */
function untilDone(
  res: Response,
  done: AbortSignal | undefined,
  { signal, release }: ReturnType<Revocations['watch']>,
): AbortSignal {
  if (done) done.addEventListener('abort', release)
  else if (res.closed || res.destroyed) release()
  else res.once('close', release)
  return signal
}
