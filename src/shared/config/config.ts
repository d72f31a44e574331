import { totalmem } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { LIMIT_NAMES, type Limits, MINUTE } from '../limits.ts'
import type { ScreeningPolicy } from '../screening-policy.ts'
import { ConfigError } from './config-error.ts'
import type { Config, PreloadRule } from './config-shape.ts'
import { refuseContradictions } from './contradictions.ts'
import { type Environment, formerNamesIn, readEnvironment, type SettingValue } from './environment.ts'
import { redisAddress } from './redis-address.ts'
import { s3Settings } from './s3-settings.ts'
import type { FormerName } from './settings.ts'
import { limitVariable } from './settings/limits.ts'
import { tracingSettings } from './tracing.ts'

export { ConfigError } from './config-error.ts'
export type { Config } from './config-shape.ts'
export { type Environment, readEnvironment, type SettingValue } from './environment.ts'
export type { RedisAddress } from './redis-address.ts'

/**
 * Maps the settings to the nested form the program is built on.
 * @param root folder against which a relative data directory is taken
 * @param formerNames settings that were given by a former name
 * @throws ConfigError when two settings contradict each other
 */
export function toConfig(
  values: Map<string, SettingValue>,
  root: string,
  formerNames: readonly FormerName[] = [],
): Config {
  const text = (name: string) => values.get(name) as string
  const number = (name: string) => values.get(name) as number
  const port = (name: string) => (text(name) === '' ? undefined : number(name))
  const limits = (prefix: string) =>
    Object.fromEntries(LIMIT_NAMES.map((name) => [name, number(`${prefix}_${limitVariable(name)}`)])) as Limits
  const dataDir = text('RUNYARD_DATA_DIR')
  const config: Config = {
    http: {
      host: text('HOST'),
      port: number('PORT'),
      maxBodyBytes: number('MAX_BODY_BYTES'),
      maxCodeBytes: number('MAX_CODE_BYTES'),
      maxProblemBytes: number('MAX_PROBLEM_BYTES'),
      trustProxy: values.get('TRUST_PROXY') as string[],
      keepAliveSeconds: number('KEEP_ALIVE_SECONDS'),
      allowedOrigins: (values.get('ALLOWED_ORIGINS') as string[]).map((origin) => origin.toLowerCase()),
    },
    auth: text('AUTH') as Config['auth'],
    compat: (values.get('COMPAT') as string[]).map((name) => name.toLowerCase()),
    mcp: text('MCP') === 'on',
    e2bDomain: (values.get('E2B_SANDBOX_DOMAIN') as string).toLowerCase(),
    adminSessions: {
      idleSeconds: number('ADMIN_SESSION_IDLE_SECONDS'),
      maxSeconds: number('ADMIN_SESSION_MAX_SECONDS'),
    },
    rates: {
      submit: { perMinute: number('RATE_PER_MINUTE'), burst: number('RATE_BURST') },
      read: { perMinute: number('READ_RATE_PER_MINUTE'), burst: number('READ_RATE_BURST') },
    },
    endUserRatePercent: number('END_USER_RATE_PERCENT'),
    screening: {
      policy: (text('SCREENING') || 'standard') as ScreeningPolicy,
      apiPolicy: (text('SCREENING_API') || text('SCREENING') || 'strict') as ScreeningPolicy,
      rulesFile: text('SCREENING_RULES') === '' ? undefined : resolve(root, text('SCREENING_RULES')),
    },
    abuse: {
      blockScore: number('ABUSE_BLOCK_SCORE'),
      halfLifeSeconds: number('ABUSE_HALF_LIFE_SECONDS'),
      blockSeconds: number('ABUSE_BLOCK_SECONDS'),
      maxBlockSeconds: number('ABUSE_MAX_BLOCK_SECONDS'),
      eventsKept: number('SECURITY_EVENTS_KEPT'),
      alerts: alertReceiver(text('ALERT_WEBHOOK_URL'), text('ALERT_WEBHOOK_SECRET')),
    },
    load: {
      maxQueuedJobs: number('MAX_QUEUED_JOBS'),
      tenantMaxQueuedJobs: number('TENANT_MAX_QUEUED_JOBS'),
      maxQueuedBytes: number('MAX_QUEUED_BYTES'),
      tenantMaxQueuedBytes: number('TENANT_MAX_QUEUED_BYTES'),
      tenantMaxOpenStreams: number('TENANT_MAX_OPEN_STREAMS'),
      tenantMaxRunningJobs: number('TENANT_MAX_RUNNING_JOBS') || null,
    },
    redis: redisAddress(text, `{${text('RUNYARD_NAMESPACE')}}`),
    redisUrl: text('REDIS_URL') || undefined,
    redisReplicas: number('REDIS_REPLICAS'),
    namespace: text('RUNYARD_NAMESPACE'),
    dataDir: isAbsolute(dataDir) ? dataDir : join(root, dataDir),
    resultTtlSeconds: number('RESULT_TTL_SECONDS'),
    tenantResultsKept: number('TENANT_RESULTS_KEPT'),
    maxStoredBytes: number('MAX_STORED_BYTES'),
    tenantMaxStoredBytes: number('TENANT_MAX_STORED_BYTES'),
    keepRequests: text('KEEP_REQUESTS') === 'on',
    artifacts: {
      maxBytes: number('ARTIFACT_MAX_BYTES'),
      maxFiles: number('ARTIFACT_MAX_FILES'),
      inlineBytes: number('ARTIFACT_INLINE_BYTES'),
    },
    files: {
      folder:
        text('FILES_DIR') === ''
          ? join(isAbsolute(dataDir) ? dataDir : join(root, dataDir), 'files')
          : resolve(root, text('FILES_DIR')),
      minFreeBytes: number('FILES_MIN_FREE_BYTES'),
      s3: s3Settings(text),
      maxBytes: number('UPLOAD_MAX_BYTES'),
      ttlSeconds: number('FILES_TTL_SECONDS'),
      tenantMaxFiles: number('FILES_TENANT_MAX_FILES'),
      tenantMaxBytes: number('FILES_TENANT_MAX_BYTES'),
      storeMaxBytes: number('FILES_MAX_BYTES'),
    },
    packages: {
      policy: text('PACKAGES') as Config['packages']['policy'],
      allowed: values.get('PACKAGES_ALLOWED') as string[],
      pypi: indexAddress('PACKAGE_INDEX_PYPI', text('PACKAGE_INDEX_PYPI')),
      npm: indexAddress('PACKAGE_INDEX_NPM', text('PACKAGE_INDEX_NPM')),
      go: indexAddress('PACKAGE_INDEX_GO', text('PACKAGE_INDEX_GO')),
      crates: indexAddress('PACKAGE_INDEX_CRATES', text('PACKAGE_INDEX_CRATES')),
      maven: indexAddress('PACKAGE_INDEX_MAVEN', text('PACKAGE_INDEX_MAVEN')),
      rubygems: indexAddress('PACKAGE_INDEX_RUBYGEMS', text('PACKAGE_INDEX_RUBYGEMS')),
      builds: text('PACKAGE_BUILDS') === 'on',
      preload: (values.get('PACKAGE_PRELOAD') as string[]).map(preloadRule),
      reach: values.get('PACKAGE_INDEX_REACH') as string[],
      minAgeMs: number('PACKAGE_MIN_AGE_DAYS') * 24 * 60 * MINUTE,
      maxBytes: number('ENVIRONMENT_MAX_BYTES'),
      maxFiles: number('ENVIRONMENT_MAX_FILES'),
      hostMaxBytes: number('ENVIRONMENTS_MAX_BYTES'),
      timeoutMs: number('ENVIRONMENT_BUILD_TIMEOUT_MS'),
    },
    webhooks: {
      allow: values.get('WEBHOOK_ALLOW') as string[],
      deny: values.get('WEBHOOK_DENY') as string[],
      ports: (values.get('WEBHOOK_PORTS') as string[]).map(webhookPort),
      timeoutMs: number('WEBHOOK_TIMEOUT_MS'),
      concurrency: number('WEBHOOK_CONCURRENCY'),
      deliveriesKeptSeconds: number('WEBHOOK_DELIVERIES_KEPT_SECONDS'),
    },
    worker: {
      slots: number('WORKER_CONCURRENCY'),
      drainTimeoutMs: number('DRAIN_TIMEOUT_MS'),
      installOnRequest: text('INSTALL_ON_REQUEST') === 'on',
    },
    sessions: {
      memoryBytes: text('SESSIONS_MEMORY_BYTES') === '' ? Math.floor(totalmem() / 2) : number('SESSIONS_MEMORY_BYTES'),
      idleTimeoutMs: number('SESSION_IDLE_TIMEOUT_MS'),
      maxLifetimeMs: number('SESSION_MAX_LIFETIME_MS'),
      tenantMax: number('TENANT_MAX_SESSIONS'),
      poolReady: number('SESSION_POOL_READY'),
    },
    sandbox: {
      podmanSocket: text('PODMAN_SOCKET') || undefined,
      keepFaultLog: text('KERNEL_FAULT_LOG') === 'keep',
      sockets: text('SANDBOX_SOCKETS') === 'on',
      podmanMode: text('PODMAN_MODE') as Config['sandbox']['podmanMode'],
      ociRuntime: text('OCI_RUNTIME') || undefined,
      reuse: text('SANDBOX_REUSE') as 'tenant' | 'never',
      maxJobs: number('SANDBOX_MAX_JOBS'),
      maxAgeMs: number('SANDBOX_MAX_AGE_SECONDS') * 1000,
      poolReady: number('POOL_READY'),
      poolMemoryBytes: text('POOL_MEMORY_BYTES') === '' ? Math.floor(totalmem() / 4) : number('POOL_MEMORY_BYTES'),
      prewarm: text('PREWARM') === 'on',
      containerImages: values.get('CONTAINER_IMAGES') as string[],
      cpuWeight: number('CPU_WEIGHT'),
      diskReadBytes: number('DISK_READ_BYTES'),
      graceMs: number('KILL_GRACE_MS'),
    },
    limits: { defaults: limits('DEFAULT'), ceilings: limits('MAX') },
    timeoutFactor: number('TIMEOUT_FACTOR'),
    logLevel: text('LOG_LEVEL'),
    metrics: { host: text('METRICS_HOST'), port: port('METRICS_PORT'), workerPort: port('WORKER_METRICS_PORT') },
    tracing: tracingSettings(text, (message) => {
      throw new ConfigError(message)
    }),
    formerNames,
  }
  refuseContradictions(config)
  return config
}

/** `readEnvironment` and `toConfig` in one. */
export function loadConfig(root: string, environment: Environment = process.env): Config {
  return toConfig(readEnvironment(environment), root, formerNamesIn(environment))
}

/** @throws ConfigError when it is no address of an index */
function indexAddress(name: string, text: string): string | undefined {
  if (text === '') return undefined
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new ConfigError(`${name} is not a URL that begins with https:// or http://`)
}

/** What modules are called, by language. None is an option of a command, or leads out of its package. */
const MODULES: Readonly<Record<string, RegExp>> = {
  python: /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/,
  javascript: /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[A-Za-z0-9~][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9_~][A-Za-z0-9._~-]*)*$/,
}

/** @throws ConfigError */
function preloadRule(text: string): PreloadRule {
  const [, tenant = '', language = '', module = ''] =
    /^(\*|[a-z0-9][a-z0-9._-]{0,63})\/(python|javascript)\/(.+)$/.exec(text) ?? []
  if (MODULES[language]?.test(module) === true) return { tenant, language, module }
  throw new ConfigError(
    `PACKAGE_PRELOAD has "${text}"; allowed are entries such as lab/python/numpy: a tenant or *, python or javascript, and a module`,
  )
}

/** @throws ConfigError */
function webhookPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65_535) return port
  throw new ConfigError(`WEBHOOK_PORTS has "${text}"; allowed are ports from 1 to 65535`)
}

function alertReceiver(url: string, secret: string): Config['abuse']['alerts'] {
  if (url === '') {
    if (secret !== '') throw new ConfigError('ALERT_WEBHOOK_SECRET is set, and ALERT_WEBHOOK_URL is not')
    return undefined
  }
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol !== 'https:' && protocol !== 'http:') {
    throw new ConfigError('ALERT_WEBHOOK_URL is not a URL that begins with https:// or http://')
  }
  if (secret === '') return { url, secret: undefined }
  const bytes = Buffer.from(secret.slice(WEBHOOK_SECRET_PREFIX.length), 'base64').length
  if (!secret.startsWith(WEBHOOK_SECRET_PREFIX) || bytes < 24 || bytes > 64) {
    throw new ConfigError('ALERT_WEBHOOK_SECRET must be "whsec_" and the base64 of 24 to 64 bytes')
  }
  return { url, secret }
}

const WEBHOOK_SECRET_PREFIX = 'whsec_'
