import type { Request, RequestHandler, Response } from 'express'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { BlockEntry } from '../../shared/security/block-entry.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import { requestIdOf } from '../http/request-log.ts'
import type { Budget, LimitedCaller, RateLimiter, Verdict } from './rate-limiter.ts'

/** Takes an event to where they are kept; see `SecurityEvents.record`. */
export type Report = (event: SecurityEvent) => unknown

/** Begins to take what a request costs from whoever most likely asks. @returns gives it back; never rejects */
export type Foresee = (caller: LimitedCaller, req: Request, res: Response) => () => Promise<void>

declare module 'express-serve-static-core' {
  interface Locals {
    /** What was begun before the caller was known. */
    foreseen?: { caller: LimitedCaller; budget: Budget; verdict: Promise<Verdict> }
  }
}

const MICROS_PER_SECOND = 1_000_000

/**
 * Lets a request of a known caller through, or refuses it, and tells the caller how its bucket stands: `RateLimit` and
 * `RateLimit-Policy` as draft-ietf-httpapi-ratelimit-headers-10 has them, where `t` is the time until there is one more token.
 * It goes after the caller is known and before a body is read.
 * Errors go on as Problem: `rate-limited`, `caller-blocked`.
 * @param budget which of the caller's buckets a request takes from
 */
export function rateLimit(
  limiter: Pick<RateLimiter, 'take'>,
  budget: Budget | ((req: Request) => Budget),
  report: Report,
): RequestHandler {
  return async (req, res, next) => {
    const from = typeof budget === 'function' ? budget(req) : budget
    await spendMore({ take: foreseenOr(limiter, from, res) }, from, report)(req, res, 1)
    next()
  }
}

/** Asks Redis for the tokens of a request while it is asked for the key: the request waits for one trip and not for two. */
export function foreseeLimit(limiter: Pick<RateLimiter, 'take' | 'refund'>, budget: (req: Request) => Budget): Foresee {
  return (caller, req, res) => {
    const from = budget(req)
    const verdict = limiter.take(caller, from, 1)
    // Of a caller who turns out to be another nobody waits for it.
    const decided = verdict.catch(() => undefined)
    res.locals.foreseen = { caller, budget: from, verdict }
    return async () => {
      delete res.locals.foreseen
      if ((await decided)?.outcome === 'passed') await limiter.refund(caller, from, 1)
    }
  }
}

/** What takes the tokens of a request: once, also when it was begun for the caller that it turned out to be of. */
function foreseenOr(limiter: Pick<RateLimiter, 'take'>, budget: Budget, res: Response): RateLimiter['take'] {
  const { foreseen } = res.locals
  delete res.locals.foreseen
  return (caller, ...rest) => {
    const isIt = foreseen?.budget === budget && sameCaller(foreseen.caller, caller)
    return isIt ? foreseen.verdict : limiter.take(caller, ...rest)
  }
}

const sameCaller = (a: LimitedCaller, b: LimitedCaller): boolean =>
  a.keyId === b.keyId &&
  a.address === b.address &&
  a.rate?.perMinute === b.rate?.perMinute &&
  a.rate?.burst === b.rate?.burst

/** For requests that cost more than one token: takes so many from the caller's bucket. */
export function spendMore(
  limiter: Pick<RateLimiter, 'take'>,
  budget: Budget,
  report: Report,
): (req: Request, res: Response, tokens: number) => Promise<void> {
  return (req, res, tokens) => {
    const { address, keyId, tenant } = res.locals.caller
    return spend(limiter, res.locals.caller, budget, tokens, res, (detail) => {
      report({ kind: 'rate-limited', address, keyId, tenant, requestId: requestIdOf(req), jobId: null, detail })
    })
  }
}

/**
 * Takes tokens for a caller and writes the headers that tell of it.
 * @param res undefined for what is told of in a refusal alone
 * @param whenLimited is called with what happened, for the first refusal of a bucket in a second
 * @throws Problem `rate-limited`, `caller-blocked`
 */
export async function spend(
  limiter: Pick<RateLimiter, 'take'>,
  caller: LimitedCaller,
  budget: Budget,
  tokens: number,
  res: Response | undefined,
  whenLimited: (detail: string) => void,
): Promise<void> {
  const verdict = await limiter.take(caller, budget, tokens)
  if (verdict.outcome === 'blocked') throw callerBlocked(verdict.block)
  res?.set(limitHeaders(verdict))
  if (verdict.outcome === 'passed') return
  const problem = rateLimited(verdict, tokens, caller)
  if (verdict.isFirstOfSecond) whenLimited(problem.message)
  throw problem
}

/**
 * What to do with a request whose key is not valid, before it is answered 401: it takes from the submit bucket of its address,
 * so that keys cannot be tried without end, and is recorded.
 * @returns a function of the event, which has the address
 * @throws Problem `rate-limited`, `caller-blocked`, from that function
 */
export function authenticationFailures(
  limiter: RateLimiter,
  report: Report,
): (event: SecurityEvent, res: Response) => Promise<void> {
  return async (event, res) => {
    const caller = { address: event.address ?? '', keyId: null, rate: null }
    await spend(limiter, caller, 'submit', 1, res, (detail) => report({ ...event, kind: 'rate-limited', detail }))
    report(event)
  }
}

const toSeconds = (micros: number) => Math.ceil(micros / MICROS_PER_SECOND)

function limitHeaders(verdict: Exclude<Verdict, { outcome: 'blocked' }>): Record<string, string> {
  const { budget, rate, remaining, nextMicros } = verdict
  const windowSeconds = Math.max(1, Math.ceil((rate.burst * 60) / rate.perMinute))
  return {
    'RateLimit-Policy': `"${budget}";q=${rate.burst};w=${windowSeconds}`,
    RateLimit: `"${budget}";r=${remaining};t=${toSeconds(nextMicros)}`,
  }
}

const THINGS: Record<Budget, string> = { submit: 'submissions', read: 'requests' }

/** What the operator changes so that more is allowed. */
const SETTINGS: Record<Budget, string> = {
  submit: 'RATE_PER_MINUTE and RATE_BURST',
  read: 'READ_RATE_PER_MINUTE and READ_RATE_BURST',
}

function rateLimited(
  verdict: Extract<Verdict, { outcome: 'limited' }>,
  tokens: number,
  { rate: ofKey, endUser }: LimitedCaller,
): Problem {
  const { budget, rate, waitMicros } = verdict
  const whom = endUser === undefined ? '' : ' for one end user'
  const allowed = `${rate.perMinute} ${THINGS[budget]} a minute are allowed${whom}, ${rate.burst} of them at once`
  const raise =
    endUser !== undefined
      ? 'the operator can raise this with END_USER_RATE_PERCENT'
      : budget === 'submit' && ofKey !== null
        ? 'this rate belongs to the key; the operator can create one with a higher --rate'
        : `the operator can raise this with ${SETTINGS[budget]}`
  if (waitMicros === null) return new Problem('rate-limited', `${allowed}; these are ${tokens} at once; ${raise}`)
  const seconds = Math.max(1, toSeconds(waitMicros))
  return new Problem('rate-limited', `${allowed}; try again in ${seconds} s; ${raise}`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

const WHOM: Record<string, string> = { key: 'this key', 'end-user': 'this end user' }

function callerBlocked({ untilMs, subject }: BlockEntry): Problem {
  const whom = WHOM[subject.split(':', 1)[0] ?? ''] ?? 'this address'
  if (untilMs === null) {
    return new Problem('caller-blocked', `${whom} is blocked until the operator lifts it`, { extra: { until: null } })
  }
  const until = new Date(untilMs).toISOString()
  const seconds = Math.max(1, Math.ceil((untilMs - Date.now()) / SECOND))
  return new Problem('caller-blocked', `${whom} is blocked until ${until}`, {
    headers: { 'Retry-After': String(seconds) },
    extra: { until },
  })
}
