import type { SecurityEvent, SecurityEventKind } from '../../shared/security/security-event.ts'
import type { RouteRequest } from '../http/route.ts'

/** Puts on record what an operator does: who, from where, what, and to which job. */
export type Audit = (
  request: Pick<RouteRequest, 'caller' | 'requestId'>,
  kind: SecurityEventKind,
  detail: string,
  jobId?: string,
) => void

export const auditWith =
  (record: (event: SecurityEvent) => unknown): Audit =>
  ({ caller: { address, keyId, tenant }, requestId }, kind, detail, jobId) => {
    record({ kind, address, keyId, tenant, requestId, jobId: jobId ?? null, detail })
  }
