import { totalmem } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { LIMIT_NAMES, type Limits, MINUTE } from '../limits.ts'
import { isLoopback } from '../loopback.ts'
import type { ScreeningPolicy } from '../screening-policy.ts'
import { ConfigError } from './config-error.ts'
import { redisAddress, type RedisAddress } from './redis-address.ts'
import { COMPAT_SYSTEMS, FORMER_SETTINGS, type FormerName, limitVariable, SETTINGS, type Setting } from './settings.ts'
import { type S3Settings, s3Settings } from './s3-settings.ts'
import { type TracingSettings, tracingSettings } from './tracing.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type SettingValue = string | number | string[]

export interface Config {
  http: {
    host: string
    port: number
    maxBodyBytes: number
    maxCodeBytes: number
    trustProxy: string[]
    /** How long an idle connection is kept. */
    keepAliveSeconds: number
    /** Origins whose pages may call the gateway beside its own, in lower case. */
    allowedOrigins: string[]
  }
  auth: 'none' | 'optional' | 'required'
  /** Other systems whose protocols are served. */
  compat: string[]
  /** Whether the Model Context Protocol is served. */
  mcp: boolean
  /** Domain of the names of E2B's sandboxes, in lower case; empty: they have none. */
  e2bDomain: string
  /** Sessions of the dashboard. */
  adminSessions: { idleSeconds: number; maxSeconds: number }
  /** Of submissions, and of requests that submit nothing. */
  rates: Record<'submit' | 'read', { perMinute: number; burst: number }>
  /** How much of its key's rate one end user may have. */
  endUserRatePercent: number
  screening: { policy: ScreeningPolicy; apiPolicy: ScreeningPolicy; rulesFile: string | undefined }
  abuse: {
    /** 0: nobody is blocked by itself. */
    blockScore: number
    halfLifeSeconds: number
    blockSeconds: number
    maxBlockSeconds: number
    eventsKept: number
    alerts: { url: string; secret: string | undefined } | undefined
  }
  load: {
    maxQueuedJobs: number
    tenantMaxQueuedJobs: number
    maxQueuedBytes: number
    tenantMaxQueuedBytes: number
    /** Of one gateway. */
    tenantMaxOpenStreams: number
    /** Null: no cap. */
    tenantMaxRunningJobs: number | null
  }
  /** Undefined when none is configured: only `npm start`, which runs its own, can go on then. */
  redis: RedisAddress | undefined
  /** `REDIS_URL`, for a child process. */
  redisUrl: string | undefined
  /** Replicas that must have a job before it is accepted. */
  redisReplicas: number
  namespace: string
  dataDir: string
  resultTtlSeconds: number
  tenantResultsKept: number
  maxStoredBytes: number
  tenantMaxStoredBytes: number
  keepRequests: boolean
  /** Of one job, all of them together. */
  artifacts: {
    maxBytes: number
    maxFiles: number
    /** What of them stays in Redis. */
    inlineBytes: number
  }
  files: {
    /** Of the directory store. */
    folder: string
    minFreeBytes: number
    /** Undefined: files lie in the directory. */
    s3: S3Settings | undefined
    /** Of one file. */
    maxBytes: number
    ttlSeconds: number
    tenantMaxFiles: number
    tenantMaxBytes: number
    /** Of all tenants. */
    storeMaxBytes: number
  }
  packages: {
    policy: 'off' | 'allow-list' | 'open'
    allowed: readonly string[]
    /** Undefined: what the machine's own tools are configured with. */
    pypi: string | undefined
    npm: string | undefined
    go: string | undefined
    crates: string | undefined
    maven: string | undefined
    /** Whether what has to be built may be, in a cell. */
    builds: boolean
    /** What interpreters that wait for jobs with packages have imported. */
    preload: readonly PreloadRule[]
    /** Internal addresses and networks where an index may be. */
    reach: readonly string[]
    minAgeMs: number
    maxBytes: number
    maxFiles: number
    /** Of all environments on a host. */
    hostMaxBytes: number
    /** Of one step of a build. */
    timeoutMs: number
  }
  webhooks: {
    /** Internal networks that may be reached, as addresses and CIDR. */
    allow: string[]
    /** Public ones that may not be. */
    deny: string[]
    /** Ports that may be reached outside of what is allowed. */
    ports: number[]
    timeoutMs: number
    concurrency: number
    deliveriesKeptSeconds: number
  }
  worker: { slots: number; drainTimeoutMs: number; installOnRequest: boolean }
  sessions: {
    /** Of one worker: what the limits of its sessions may be together. 0: it takes none. */
    memoryBytes: number
    /** What a session gets that asks for none. */
    idleTimeoutMs: number
    /** The most that one may ask for, of both times; its CPU time, too. */
    maxLifetimeMs: number
    /** Of one tenant at a time. */
    tenantMax: number
    /** Kernels of each language that wait for a session, once there was one. */
    poolReady: number
  }
  sandbox: {
    podmanSocket: string | undefined
    /** Whether the kernel may go on logging faults of programs. */
    keepFaultLog: boolean
    /** Whether sandboxes may connect to sockets of the worker. */
    sockets: boolean
    podmanMode: 'auto' | 'root' | 'rootless'
    ociRuntime: string | undefined
    reuse: 'tenant' | 'never'
    maxJobs: number
    maxAgeMs: number
    poolReady: number
    /** What idle sandboxes may hold in memory together. */
    poolMemoryBytes: number
    /** Whether interpreters are started ahead of their jobs. */
    prewarm: boolean
    containerImages: string[]
    cpuWeight: number
    /** Of one sandbox and disk in a second; 0: no bound. */
    diskReadBytes: number
    graceMs: number
  }
  limits: { defaults: Limits; ceilings: Limits }
  /** Multiplies how long parts wait for each other. */
  timeoutFactor: number
  logLevel: string
  /** Undefined: the gateway serves them with the rest, a worker serves none. */
  metrics: { host: string; port: number | undefined; workerPort: number | undefined }
  /** Undefined: no traces. */
  tracing: TracingSettings | undefined
  /** Settings that were given by a former name. */
  formerNames: readonly FormerName[]
}

export { ConfigError } from './config-error.ts'
export type { RedisAddress } from './redis-address.ts'

/**
 * Reads and checks every setting.
 * @param environment normally `process.env`
 * @throws ConfigError for a malformed value, for a `RUNYARD_` variable that does not exist, and for a setting that has one value by
 *   its name and another by a former name
 */
export function readEnvironment(environment: Environment = process.env): Map<string, SettingValue> {
  const known = new Set(SETTINGS.map((setting) => setting.name))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('RUNYARD_') && !known.has(name) && !OTHER_RUNYARD_VARIABLES.has(name)) {
      throw new ConfigError(`${name} is not a setting of Runyard; docs/configuration.md lists them`)
    }
  }
  const values = { ...environment }
  for (const { former, name } of formerNamesIn(environment)) {
    if (values[name] !== undefined && values[name] !== values[former]) {
      throw new ConfigError(`${former} is the former name of ${name}, and both are set; remove ${former}`)
    }
    values[name] = values[former]
  }
  return new Map(SETTINGS.map((setting) => [setting.name, parse(setting, values[setting.name])]))
}

const formerNamesIn = (environment: Environment): FormerName[] =>
  FORMER_SETTINGS.filter(({ former }) => environment[former] !== undefined)

/** Variables of the command line and the tests, which are not settings of the product. */
const OTHER_RUNYARD_VARIABLES = new Set([
  'RUNYARD_URL',
  'RUNYARD_KEY',
  'RUNYARD_API_KEY',
  'RUNYARD_TEST_REDIS',
  'RUNYARD_TEST_PODMAN',
  'RUNYARD_TEST_SANITIZED_INIT',
])

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
  check(config)
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

/** A module that is imported ahead of a tenant's jobs; `*`: of everybody's. */
export interface PreloadRule {
  tenant: string
  language: string
  module: string
}

/** @throws ConfigError */
function preloadRule(text: string): PreloadRule {
  const [, tenant, language, module] =
    /^(\*|[a-z0-9][a-z0-9._-]{0,63})\/(python)\/([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)$/.exec(text) ?? []
  if (tenant !== undefined && language !== undefined && module !== undefined) return { tenant, language, module }
  throw new ConfigError(
    `PACKAGE_PRELOAD has "${text}"; allowed are entries such as lab/python/numpy: a tenant or *, python, and a module`,
  )
}

function check(config: Config): void {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(config.namespace)) {
    throw new ConfigError(
      `RUNYARD_NAMESPACE is "${config.namespace}"; allowed are 1 to 32 of a-z, 0-9 and "-", not beginning with "-"`,
    )
  }
  for (const name of LIMIT_NAMES) {
    const variable = limitVariable(name)
    const { defaults, ceilings } = config.limits
    if (defaults[name] > ceilings[name]) {
      throw new ConfigError(`DEFAULT_${variable} (${defaults[name]}) is above MAX_${variable} (${ceilings[name]})`)
    }
  }
  const { sessions } = config
  if (sessions.idleTimeoutMs > sessions.maxLifetimeMs) {
    throw new ConfigError(
      `SESSION_IDLE_TIMEOUT_MS (${sessions.idleTimeoutMs}) is above SESSION_MAX_LIFETIME_MS (${sessions.maxLifetimeMs})`,
    )
  }
  if (config.http.maxCodeBytes > config.http.maxBodyBytes) {
    throw new ConfigError(
      `MAX_CODE_BYTES (${config.http.maxCodeBytes}) is above MAX_BODY_BYTES (${config.http.maxBodyBytes})`,
    )
  }
  if (config.auth === 'none' && !isLoopback(config.http.host)) {
    throw new ConfigError(
      `HOST is "${config.http.host}", which others can reach, and no authentication is configured; ` +
        'allowed without it are 127.0.0.0/8, ::1 and localhost, with AUTH=required or AUTH=optional every address',
    )
  }
  for (const proxy of config.http.trustProxy) {
    if (proxy === 'loopback' || isNetwork(proxy)) continue
    throw new ConfigError(`TRUST_PROXY has "${proxy}"; allowed are IP addresses, networks as CIDR, and loopback`)
  }
  for (const name of config.compat) {
    if (COMPAT_SYSTEMS.includes(name as (typeof COMPAT_SYSTEMS)[number])) continue
    throw new ConfigError(
      `COMPAT has "${name}"; allowed are ${COMPAT_SYSTEMS.join(', ')}, comma-separated, and nothing`,
    )
  }
  if (config.e2bDomain !== '' && !/^[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?$/.test(config.e2bDomain)) {
    throw new ConfigError(
      `E2B_SANDBOX_DOMAIN is "${config.e2bDomain}"; allowed is a domain, with a port if it is not 443, e.g. sandboxes.example.com`,
    )
  }
  for (const origin of config.http.allowedOrigins) {
    if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin) continue
    throw new ConfigError(`ALLOWED_ORIGINS has "${origin}"; allowed are origins such as https://app.example.com`)
  }
  for (const [name, networks] of [
    ['WEBHOOK_ALLOW', config.webhooks.allow],
    ['WEBHOOK_DENY', config.webhooks.deny],
    ['PACKAGE_INDEX_REACH', config.packages.reach],
  ] as const) {
    for (const network of networks) {
      if (isNetwork(network)) continue
      throw new ConfigError(`${name} has "${network}"; allowed are IP addresses and networks as CIDR`)
    }
  }
  const { load, files } = config
  if (files.tenantMaxBytes > files.storeMaxBytes) {
    throw new ConfigError(
      `FILES_TENANT_MAX_BYTES (${files.tenantMaxBytes}) is above FILES_MAX_BYTES (${files.storeMaxBytes})`,
    )
  }
  const ofTenants = {
    MAX_QUEUED_JOBS: [load.tenantMaxQueuedJobs, load.maxQueuedJobs],
    MAX_QUEUED_BYTES: [load.tenantMaxQueuedBytes, load.maxQueuedBytes],
    MAX_STORED_BYTES: [config.tenantMaxStoredBytes, config.maxStoredBytes],
  } as const
  for (const [name, [one, all]] of Object.entries(ofTenants)) {
    if (one > all) throw new ConfigError(`TENANT_${name} (${one}) is above ${name} (${all})`)
  }
  const { port } = config.metrics
  if (port !== undefined && port !== 0 && port === config.http.port) {
    throw new ConfigError(`METRICS_PORT (${port}) is PORT too; leave it empty to have metrics there`)
  }
  const { abuse, adminSessions } = config
  if (adminSessions.idleSeconds > adminSessions.maxSeconds) {
    throw new ConfigError(
      `ADMIN_SESSION_IDLE_SECONDS (${adminSessions.idleSeconds}) is above ADMIN_SESSION_MAX_SECONDS (${adminSessions.maxSeconds})`,
    )
  }
  if (abuse.blockSeconds > abuse.maxBlockSeconds) {
    throw new ConfigError(
      `ABUSE_BLOCK_SECONDS (${abuse.blockSeconds}) is above ABUSE_MAX_BLOCK_SECONDS (${abuse.maxBlockSeconds})`,
    )
  }
}

/** @throws ConfigError */
function webhookPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65_535) return port
  throw new ConfigError(`WEBHOOK_PORTS has "${text}"; allowed are ports from 1 to 65535`)
}

const isNetwork = (text: string): boolean => ipaddr.isValid(text) || ipaddr.isValidCIDR(text)

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

function parse(setting: Setting, raw: string | undefined): SettingValue {
  const text = raw ?? setting.default
  const { kind } = setting
  switch (kind.type) {
    case 'string':
      return text
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    case 'choice':
      if (kind.isOptional && text === '') return text
      if (!kind.of.includes(text)) {
        throw new ConfigError(
          `${setting.name} is "${text}"; allowed are ${kind.of.join(', ')}${kind.isOptional ? ', or empty' : ''}`,
        )
      }
      return text
    case 'integer': {
      if (kind.isOptional && text === '') return text
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
      if (!(value >= kind.minimum && value <= kind.maximum)) {
        throw new ConfigError(
          `${setting.name} is "${text}"; allowed is a whole number from ${kind.minimum} to ${kind.maximum}${kind.isOptional ? ', or empty' : ''}`,
        )
      }
      return value
    }
  }
}
