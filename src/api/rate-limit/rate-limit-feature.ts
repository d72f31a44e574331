import type { Request, RequestHandler } from 'express'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { Core } from '../core.ts'
import type { RouteRequest } from '../http/route.ts'
import { type LimitEndUsers, limitEndUsers } from './end-users.ts'
import { type Foresee, foreseeLimit, rateLimit, spendMore } from './rate-limit.ts'
import { type Budget, createRateLimiter, type RateLimitCounters, type RateLimiter } from './rate-limiter.ts'

export interface RateLimitFeature {
  limiter: RateLimiter
  /** Takes from the budget of a caller what its request costs. */
  limit: RequestHandler
  /** Begins with that before the caller is known for certain. */
  foresee: Foresee
  limitEndUsers: LimitEndUsers
  /** Takes from the caller's submissions what a request costs beyond its first. */
  spendRest: (request: Pick<RouteRequest, 'req' | 'res'>, tokens: number) => Promise<void>
}

export interface RateLimitNeeds {
  counters: RateLimitCounters
  record: (event: SecurityEvent) => unknown
}

/** How often. */
export function createRateLimitFeature(core: Core, { counters, record }: RateLimitNeeds): RateLimitFeature {
  const { config, redis, keys } = core
  const { rates, endUserRatePercent: endUserPercent } = config
  const limiter = createRateLimiter({ redis, keys, rates, endUserPercent, counters })
  const spendRest = spendMore(limiter, 'submit', record)
  return {
    limiter,
    limit: rateLimit(limiter, budgetOf, record),
    foresee: foreseeLimit(limiter, budgetOf),
    limitEndUsers: limitEndUsers(limiter, record),
    spendRest: ({ req, res }, tokens) => spendRest(req, res, tokens),
  }
}

declare module 'express-serve-static-core' {
  interface Locals {
    /** From which of the caller's budgets a request takes, where neither its method nor its path says so. */
    budget?: Budget
  }
}

/** What is sent to a session, beside what makes it run something new. */
const TO_SESSION = /^\/v1\/sessions\/[^/]+\/(?!(executions|commands|contexts)\/?$)/i

/** What runs something takes from the budget of submissions. */
function budgetOf(req: Request): Budget {
  const said = req.res?.locals.budget
  if (said) return said
  if (TO_SESSION.test(req.path)) return 'read'
  // Most messages run nothing; a call of a tool that does takes from the submissions when it is known.
  if (/^\/mcp\/?$/i.test(req.path)) return 'read'
  return req.method === 'POST' && !req.path.startsWith('/v1/admin') ? 'submit' : 'read'
}
