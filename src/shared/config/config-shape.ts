import type { Limits } from '../limits.ts'
import type { ScreeningPolicy } from '../screening-policy.ts'
import type { RedisAddress } from './redis-address.ts'
import type { S3Settings } from './s3-settings.ts'
import type { FormerName } from './settings.ts'
import type { TracingSettings } from './tracing.ts'

/** The settings in the form that the program is built on. */
export interface Config {
  http: {
    host: string
    port: number
    maxBodyBytes: number
    /** Of a problem's files, unpacked. */
    maxProblemBytes: number
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
    rubygems: string | undefined
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

/** A module that is imported ahead of a tenant's jobs; `*`: of everybody's. */
export interface PreloadRule {
  tenant: string
  language: string
  module: string
}
