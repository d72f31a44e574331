import { createBlocks } from '../../shared/security/blocks.ts'
import { createSecurityEvents, type SecurityEvents } from '../../shared/security/security-events.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import { type Audit, auditWith } from './audit.ts'
import { SECURITY_ROUTES } from './security-routes.ts'

export interface SecurityFeature {
  routes: BoundRoute[]
  /** Takes what counts for or against a caller, from whoever notices it. */
  record: SecurityEvents['record']
  /** How many there were, by kind, on all gateways and workers. */
  counts: SecurityEvents['counts']
  audit: Audit
  close: () => Promise<void>
}

/** Security events, and who is blocked for them. */
export function createSecurityFeature({ config, redis, keys, log }: Core): SecurityFeature {
  const events = createSecurityEvents(redis, keys, config.abuse, log)
  const { record, counts } = events
  return {
    routes: bindRoutes({ events, blocks: createBlocks(redis, keys, record) }, SECURITY_ROUTES),
    record,
    counts,
    audit: auditWith(record),
    close: () => events.close(),
  }
}
