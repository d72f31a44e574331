import type { RequestHandler } from 'express'

/** Whom a request comes from. */
export interface Caller {
  tenant: string
  /** Whether this tenant's jobs may share a sandbox, one after another. */
  shareable: boolean
}

declare module 'express-serve-static-core' {
  interface Locals {
    caller: Caller
  }
}

/**
 * Tells who the caller is. A gateway without keys serves loopback only (the configuration refuses anything else), and every
 * caller of it is the tenant `local`.
 */
export const localCaller: RequestHandler = (_req, res, next) => {
  res.locals.caller = { tenant: 'local', shareable: true }
  next()
}
