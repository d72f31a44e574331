import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Config } from '../../../shared/config/config.ts'
import type { FileRecords } from '../../../shared/files/file-records.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import type { Authentication } from '../../access/authenticate.ts'
import type { SessionNeeds } from '../../sessions/needs.ts'
import type { PausedSandbox } from './paused-sandboxes.ts'
import type { SandboxLocks } from './sandbox-locks.ts'
import type { SandboxRecords } from './sandbox-records.ts'
import type { Snapshot } from './snapshot-records.ts'
import type { TenantRecords } from './tenant-records.ts'

/** What sessions and access give to E2B's routes. */
export interface E2bSources {
  sessions: SessionNeeds
  /** Lets through callers that may use sessions. */
  mayUse: RequestHandler
  access: Pick<Authentication, 'asHolder' | 'asStranger' | 'refuse'>
  /** Those that snapshots are. */
  files: Pick<FileRecords, 'readAll' | 'remove'>
}

/** What E2B's routes are made with. */
export interface E2bNeeds extends E2bSources {
  config: Config
  records: SandboxRecords
  snapshots: TenantRecords<Snapshot>
  paused: TenantRecords<PausedSandbox>
  locks: SandboxLocks
  log: Logger
}

/** The sandbox that a request is for. */
export interface AskedSandbox {
  /** As the client names it. */
  sandboxId: string
  port: number
  session: Session
}

declare module 'express-serve-static-core' {
  interface Locals {
    /** Set where the request is for a sandbox of E2B's, and not for the service. */
    sandbox?: AskedSandbox
    /** How a remote procedure is answered. */
    rpc?: 'unary' | 'stream'
  }
}
