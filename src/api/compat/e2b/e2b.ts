import { Router } from 'express'
import { Problem } from '../../../shared/problems.ts'
import type { Core } from '../../core.ts'
import type { CompatSystem } from '../system/system.ts'
import type { E2bNeeds, E2bSources } from './e2b-needs.ts'
import { sendE2bProblem } from './e2b-problem.ts'
import { filesystemMethods } from './filesystem-service.ts'
import { interpreterRoutes } from './interpreter.ts'
import { processService } from './process-service.ts'
import { rpcRoutes } from './rpc.ts'
import { byHostName, sandboxAccess } from './sandbox-access.ts'
import { fileRoutes } from './sandbox-files.ts'
import { createSandboxLocks } from './sandbox-locks.ts'
import { createSandboxRecords } from './sandbox-records.ts'
import { sandboxRoutes } from './sandboxes.ts'
import { snapshotRoutes } from './snapshots.ts'
import { createTenantRecords } from './tenant-records.ts'
import { watchService } from './watch-service.ts'

/** E2B's sandboxes, each a session: docs/compatibility/e2b.md. */
export function createE2b({ config, redis, keys, log }: Core, sources: E2bSources): CompatSystem {
  const records = createSandboxRecords(redis, keys, config.sessions.maxLifetimeMs)
  const needs: E2bNeeds = {
    ...sources,
    config,
    records,
    snapshots: createTenantRecords(redis, (tenant) => keys.e2bSnapshots(tenant)),
    paused: createTenantRecords(redis, (tenant) => keys.e2bPaused(tenant)),
    locks: createSandboxLocks(redis, keys),
    log,
  }
  return {
    name: 'e2b',
    keyHeaders: [],
    byHostName: byHostName(config.e2bDomain, '/e2b'),
    findCaller: sandboxAccess(needs),
    routes: () => routes(needs),
    sendProblem: sendE2bProblem,
  }
}

function routes(needs: E2bNeeds): Router {
  const { maxBodyBytes } = needs.config.http
  const router = Router()
  // The service's; that of a sandbox is answered where it is found.
  router.get('/health', (_req, res) => void res.json({ status: 'ok' }))
  router.use(sandboxRoutes(needs), snapshotRoutes(needs))
  // All that follows is a sandbox's, and its caller may use sessions.
  router.use(['/execute', '/contexts', '/files', '/process.Process', '/filesystem.Filesystem'], needs.mayUse)
  router.use(interpreterRoutes(needs), fileRoutes(needs))
  router.use(rpcRoutes('process.Process', processService(needs), maxBodyBytes))
  const watches = watchService(needs)
  const files = { unary: { ...filesystemMethods(needs), ...watches.unary }, streams: watches.streams, inputStreams: {} }
  router.use(rpcRoutes('filesystem.Filesystem', files, maxBodyBytes))
  router.use((req) => {
    throw new Problem('not-found', `${req.path} is not a path of this service`)
  })
  return router
}
