import type { Rate, Scope } from '../../shared/access/api-key.ts'
import type { LimitOverrides } from '../../shared/limits.ts'
import type { Webhook } from '../../shared/webhook.ts'
import type { ScreeningPolicy } from '../../shared/screening-policy.ts'

/** Whom a request comes from. */
export interface Caller {
  tenant: string
  /** Whether this tenant's jobs may share a sandbox, one after another. */
  shareable: boolean
  /** IPv4 address, or IPv6 network of 64 bits. */
  address: string
  /** The key it showed; null for a caller without one. */
  keyId: string | null
  /** The key that made the browser token it showed, whose id is `keyId` then: blocks of that key hold for it too. */
  makerKeyId?: string
  scopes: readonly Scope[]
  /** Its own rate of submissions; null: that of the service. */
  rate: Rate | null
  /** Jobs of its tenant that may run at one time; null: as many as there are slots. */
  maxRunningJobs: number | null
  /** Sessions that its tenant may have at one time when it starts one; null: as the service has it. */
  maxSessions: number | null
  /** Ceilings of its own, below those of the service. */
  ceilings: LimitOverrides
  /** Its key's own policy; null: that of the route. */
  screening: ScreeningPolicy | null
  /** Where its jobs are told of that name no webhook of their own. */
  webhook: Webhook | null
}

declare module 'express-serve-static-core' {
  interface Locals {
    /** Set before any route but health. */
    caller: Caller
    /** Of the job a request is about, for the log. */
    jobId?: string
  }
}
