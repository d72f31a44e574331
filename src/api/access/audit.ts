import type { Request } from 'express'
import type { SecurityEvent, SecurityEventKind } from '../../shared/security/security-event.ts'
import { requestIdOf } from '../http/request-log.ts'

/** Puts on record what an operator does: who, from where, what, and to which job. */
export type Audit = (req: Request, kind: SecurityEventKind, detail: string, jobId?: string) => void

export const auditWith =
  (record: (event: SecurityEvent) => unknown): Audit =>
  (req, kind, detail, jobId) => {
    const { caller } = req.res?.locals ?? {}
    const { address = null, keyId = null, tenant = null } = caller ?? {}
    record({ kind, address, keyId, tenant, requestId: requestIdOf(req), jobId: jobId ?? null, detail })
  }
