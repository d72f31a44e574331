import type { RequestHandler } from 'express'
import type { Scope } from '../../shared/access/api-key.ts'
import { Problem } from '../../shared/problems.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import { requestIdOf } from '../http/request-log.ts'
import { unauthenticated } from '../http/problems.ts'

/**
 * Lets through callers that have one of these scopes.
 * @param onRefused told of every request that is turned away here; what it throws is answered in place of the refusal
 * @param path of the route, which it is told of; by default that of the mount
 */
export function requireScope(
  scopes: Scope | readonly Scope[],
  onRefused: (event: SecurityEvent) => Promise<void>,
  path?: string,
): RequestHandler {
  const enough: readonly Scope[] = typeof scopes === 'string' ? [scopes] : scopes
  const wanted = enough.join(' or ')
  return async (req, res, next) => {
    const { caller } = res.locals
    if (caller.scopes.some((scope) => enough.includes(scope))) return next()
    const { address, keyId, tenant } = caller
    const detail = `${req.method} ${path ?? req.baseUrl} needs a key with the scope ${wanted}`
    await onRefused({ kind: 'scope-refused', address, keyId, tenant, requestId: requestIdOf(req), jobId: null, detail })
    if (keyId === null) throw unauthenticated(`this needs a key with the scope ${wanted}`)
    throw new Problem(
      'insufficient-scope',
      `a key with the scope ${wanted} is needed; this one has ${caller.scopes.join(', ')}`,
    )
  }
}
