import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import express from 'express'
import { pino } from 'pino'
import { createAdminLogin } from '../../../src/api/access/admin-login.ts'
import { createAuthentication } from '../../../src/api/access/authenticate.ts'
import { refuseCrossSite } from '../../../src/api/access/cross-site.ts'
import { oneHost, ownHost } from '../../../src/api/access/own-host.ts'
import { requireScope } from '../../../src/api/access/require-scope.ts'
import { createRevocations } from '../../../src/api/access/revocations.ts'
import { trustProxy } from '../../../src/api/access/client-address.ts'
import { answerProblem, noRoute } from '../../../src/api/http/answer-problem.ts'
import { createGatewayServer } from '../../../src/api/http/gateway-server.ts'
import { requestLog } from '../../../src/api/http/request-log.ts'
import { bindRoutes } from '../../../src/api/http/route.ts'
import { mountRoutes } from '../../../src/api/http/router.ts'
import { auditWith } from '../../../src/api/security/audit.ts'
import { adminKeyRoutes } from '../../../src/api/access/admin-keys.ts'
import { createBrowserTokens } from '../../../src/shared/access/browser-tokens.ts'
import { createAdminSessions } from '../../../src/shared/access/admin-sessions.ts'
import { createApiKeys, type ApiKeys } from '../../../src/shared/access/api-keys.ts'
import { loadConfig } from '../../../src/shared/config/config.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { createKeys } from '../../../src/shared/redis/keys.ts'
import type { SecurityEvent } from '../../../src/shared/security/security-event.ts'

/** The middleware of access, in its order, before a few routes that tell what came of it. */
export interface AccessGateway {
  url: string
  apiKeys: ApiKeys
  /** What was told of refusals and of the making and revoking of keys, oldest first. */
  events: SecurityEvent[]
  /** Everything logged so far. */
  log: () => string
  /** How many watches of keys are open. */
  watched: () => number
  /** Watches a key as `res.locals.keyEnds` does. */
  watch: (keyId: string) => { signal: AbortSignal; release: () => void }
  close: () => Promise<void>
}

export interface AccessGatewayOptions {
  env?: Record<string, string>
  /** A namespace that other gateways use too; one of its own otherwise. */
  namespace?: string
  redisUrl?: string | undefined
  onFailure?: () => Promise<void>
}

export async function startAccessGateway(options: AccessGatewayOptions = {}): Promise<AccessGateway> {
  const namespace = options.namespace ?? `access-${randomBytes(4).toString('hex')}`
  const config = loadConfig(packageRoot(), {
    REDIS_URL: options.redisUrl ?? process.env['RUNYARD_TEST_REDIS'],
    RUNYARD_NAMESPACE: namespace,
    ...options.env,
  })
  if (!config.redis) throw new Error('RUNYARD_TEST_REDIS is not set')
  let logged = ''
  const log = pino(
    { level: 'trace' },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged += chunk.toString()
        done()
      },
    }),
  )
  const keys = createKeys(namespace)
  const redis = connectRedis(config.redis, 'fail-fast', 'test-access', log)
  const subscriber = connectRedis(config.redis, 'wait', 'test-access-events', log)
  if (options.redisUrl === undefined) await Promise.all([redis, subscriber].map((one) => once(one, 'ready')))
  const apiKeys = createApiKeys(redis, keys)
  const revocations = createRevocations(subscriber, keys, apiKeys)
  const events: SecurityEvent[] = []
  const tell = async (event: SecurityEvent) => {
    events.push(event)
    await options.onFailure?.()
  }

  const app = express()
  trustProxy(app, config.http.trustProxy)
  app.use(requestLog(log))
  app.use(oneHost)
  app.use(ownHost(config.auth))
  app.use(refuseCrossSite(config.http.allowedOrigins))
  app.get('/healthz', (_req, res) => void res.json({ status: 'ok' }))
  const sessions = createAdminSessions(redis, keys, config.adminSessions)
  const login = createAdminLogin({ sessions, apiKeys })
  app.use(
    createAuthentication({
      config,
      apiKeys,
      browserTokens: createBrowserTokens(redis, keys),
      revocations,
      login,
      onFailure: tell,
      onEnded: async () => undefined,
    }).authenticate,
  )
  app.all('/caller', (_req, res) => void res.json(res.locals.caller))
  app.get('/open', (_req, res) => {
    const ends = res.locals.keyEnds()
    res.write('open\n')
    ends?.addEventListener('abort', () => res.end('ended\n'))
  })
  app.get('/jobs-only', requireScope('jobs', tell), (_req, res) => void res.json({}))
  app.get('/either', requireScope(['jobs', 'containers'], tell), (_req, res) => void res.json({}))
  const audit = auditWith((event) => events.push(event))
  mountRoutes(app, bindRoutes({ config, apiKeys, audit }, adminKeyRoutes), {
    allow: (scopes, path) => requireScope(scopes, tell, path),
    bounds: config.http,
  })
  app.use(noRoute)
  app.use(answerProblem(redis, log))
  const server = createGatewayServer(app, 5000, log).server.listen(0, config.http.host)
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKeys,
    events,
    log: () => logged,
    watched: () => revocations.watched,
    watch: (keyId) => revocations.watch(keyId, null, undefined),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      if (redis.status === 'ready') {
        const left = await redis.keys(`{${namespace}}:*`)
        if (left.length > 0) await redis.del(...left)
      }
      redis.disconnect()
      subscriber.disconnect()
    },
  }
}
