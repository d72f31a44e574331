import { availableParallelism } from 'node:os'
import { SAMPLERS } from './tracing.ts'
import { SCREENING_POLICIES } from '../screening-policy.ts'
import {
  DEFAULT_CEILINGS,
  DEFAULT_LIMITS,
  LIMIT_MINIMA,
  LIMIT_NAMES,
  type Limits,
  MAX_TIMER_MS,
  MIB,
  MINUTE,
} from '../limits.ts'

/** How the text of a variable becomes a value. */
export type SettingKind =
  | { type: 'string' }
  | { type: 'integer'; minimum: number; maximum: number; isOptional?: true }
  | { type: 'choice'; of: readonly string[]; isOptional?: true }
  | { type: 'list' }

export interface Setting {
  readonly name: string
  readonly kind: SettingKind
  /** As it would be written in the environment. */
  readonly default: string
  readonly group:
    | 'Network'
    | 'Access'
    | 'Load'
    | 'Webhooks'
    | 'Storage'
    | 'Files'
    | 'Packages'
    | 'Worker'
    | 'Sessions'
    | 'Sandbox'
    | 'Limits'
    | 'Ceilings'
    | 'Requests'
    | 'Logs'
    | 'Metrics'
    | 'Traces'
  readonly description: string
}

const string = { type: 'string' } as const
const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) => ({ type: 'integer', minimum, maximum }) as const

/** A port that may be left out, which empty text says. */
const optionalPort = { ...integer(0, 65535), isOptional: true } as const

/** `wallMs` becomes `WALL_MS`. */
export const limitVariable = (name: keyof Limits): string => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()

/** As little as a request may ask for, and no time that a timer cannot count. */
const limitKind = (name: keyof Limits) => integer(LIMIT_MINIMA[name], name.endsWith('Ms') ? MAX_TIMER_MS : undefined)

const LIMIT_WORDS: Record<keyof Limits, string> = {
  wallMs: 'wall time of the run stage, ms',
  cpuMs: 'CPU time of a stage over all its processes, ms',
  compileWallMs: 'wall time of the compile stage, ms',
  memoryBytes: 'memory of a job, bytes',
  processes: 'processes and threads of a job',
  outputBytes: 'stdout and stderr of a stage together, bytes',
  fileBytes: "a job's file system, bytes",
  openFiles: 'open files of a process',
  stackBytes: 'stack of a process, bytes',
}

/** Other systems whose protocols the gateway can speak. */
export const COMPAT_SYSTEMS = ['judge0', 'piston', 'jobe', 'sandboxfusion', 'codapi', 'e2b', 'jupyter'] as const

/** Settings that had another name before. The former name works for one version more. */
export const FORMER_SETTINGS: readonly FormerName[] = [{ former: 'ARMED', name: 'PREWARM' }]

export interface FormerName {
  readonly former: string
  readonly name: string
}

/** Every variable Runyard reads. The table in docs/configuration.md is held to this one by a test. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'HOST',
    kind: string,
    default: '127.0.0.1',
    group: 'Network',
    description: 'Address the gateway listens on. Only loopback is accepted while `AUTH` is `none`.',
  },
  { name: 'PORT', kind: integer(0, 65535), default: '3000', group: 'Network', description: 'Port of the gateway.' },
  {
    name: 'TRUST_PROXY',
    kind: { type: 'list' },
    default: '',
    group: 'Network',
    description:
      'Proxies whose `X-Forwarded-For` is believed: addresses, networks as CIDR, or `loopback`, comma-separated. Empty: none.',
  },
  {
    name: 'KEEP_ALIVE_SECONDS',
    kind: integer(1, 3600),
    default: '75',
    group: 'Network',
    description:
      'How long an idle connection is kept. Longer than the balancer before the gateway keeps its own, or some of its requests fail with 502.',
  },
  {
    name: 'ALLOWED_ORIGINS',
    kind: { type: 'list' },
    default: '',
    group: 'Network',
    description:
      'Origins of other pages that may call the gateway, e.g. `https://app.example.com`, comma-separated. The gateway itself sends no CORS headers. Empty: none.',
  },
  {
    name: 'COMPAT',
    kind: { type: 'list' },
    default: COMPAT_SYSTEMS.join(','),
    group: 'Network',
    description:
      'Other systems whose protocols are served, each under its name (`/judge0`), comma-separated: [compatibility](compatibility/README.md). Empty: none.',
  },
  {
    name: 'MCP',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    group: 'Network',
    description:
      '`on`: serves the [Model Context Protocol](guides/mcp.md) at `/mcp`, for language models that run code.',
  },
  {
    name: 'E2B_SANDBOX_DOMAIN',
    kind: string,
    default: '',
    group: 'Network',
    description:
      'Domain whose names (`49983-<id>.<domain>`, `api.<domain>`) are those of E2B sandboxes, behind a proxy with TLS: [E2B](compatibility/e2b.md#wildcard-names). Empty: clients name the sandbox in a header.',
  },
  {
    name: 'AUTH',
    kind: { type: 'choice', of: ['none', 'optional', 'required'] },
    default: 'none',
    group: 'Access',
    description:
      '`none`: every caller is the tenant `local`. `optional`: callers without a key are separate tenants, by address. `required`: every caller needs a key.',
  },
  {
    name: 'RATE_PER_MINUTE',
    kind: integer(1, 1e9),
    default: '60',
    group: 'Access',
    description: 'Submissions a minute, for each key or else each address; a key may have its own.',
  },
  {
    name: 'RATE_BURST',
    kind: integer(1, 1e6),
    default: '10',
    group: 'Access',
    description: 'Submissions at once, after a pause; a key may have its own.',
  },
  {
    name: 'END_USER_RATE_PERCENT',
    kind: integer(1, 100),
    default: '50',
    group: 'Access',
    description: 'Share of the rate and burst of a key that one end user (`endUser`) may use, in percent.',
  },
  {
    name: 'READ_RATE_PER_MINUTE',
    kind: integer(1, 1e9),
    default: '600',
    group: 'Access',
    description: 'Other requests a minute, for each key or else each address.',
  },
  {
    name: 'READ_RATE_BURST',
    kind: integer(1, 1e6),
    default: '100',
    group: 'Access',
    description: 'Other requests at once, after a pause.',
  },
  {
    name: 'ADMIN_SESSION_IDLE_SECONDS',
    kind: integer(60, 30 * 24 * 3600),
    default: '3600',
    group: 'Access',
    description: 'A session of the dashboard ends after this idle time. An open dashboard is not idle.',
  },
  {
    name: 'ADMIN_SESSION_MAX_SECONDS',
    kind: integer(60, 30 * 24 * 3600),
    default: '43200',
    group: 'Access',
    description: 'A session of the dashboard ends after this time, even if it is in use.',
  },
  {
    name: 'SCREENING',
    kind: { type: 'choice', of: SCREENING_POLICIES, isOptional: true },
    default: '',
    group: 'Access',
    description:
      'Screening of code before it runs: `strict`, `standard` (refuses only what no honest program does) or `off`. Empty: `standard`, and under `/api` the value of `SCREENING_API`. A key may have its own.',
  },
  {
    name: 'SCREENING_API',
    kind: { type: 'choice', of: SCREENING_POLICIES, isOptional: true },
    default: '',
    group: 'Access',
    description:
      'The same for `/api/repl/...` and `/api/containers/...`. Empty: `SCREENING` where that is set, else `strict`.',
  },
  {
    name: 'SCREENING_RULES',
    kind: string,
    default: '',
    group: 'Access',
    description: "Path of a JSON file with the operator's own screening rules, used beside those of Runyard.",
  },
  {
    name: 'ABUSE_BLOCK_SCORE',
    kind: integer(0, 1e9),
    default: '100',
    group: 'Access',
    description: 'Score of security events at which an address or key is blocked automatically. 0: never.',
  },
  {
    name: 'ABUSE_HALF_LIFE_SECONDS',
    kind: integer(1, 1e9),
    default: '600',
    group: 'Access',
    description: 'Time in which a score decays to a half.',
  },
  {
    name: 'ABUSE_BLOCK_SECONDS',
    kind: integer(1, 1e9),
    default: '60',
    group: 'Access',
    description: 'Length of a first block. Each further block within a day doubles it.',
  },
  {
    name: 'ABUSE_MAX_BLOCK_SECONDS',
    kind: integer(1, 1e9),
    default: '86400',
    group: 'Access',
    description: 'The longest automatic block.',
  },
  {
    name: 'SECURITY_EVENTS_KEPT',
    kind: integer(1, 1e7),
    default: '10000',
    group: 'Access',
    description: 'Number of security events to keep, approximately.',
  },
  {
    name: 'ALERT_WEBHOOK_URL',
    kind: string,
    default: '',
    group: 'Access',
    description: 'URL that gets reports of blocks and escape attempts, by `POST`. Empty: none.',
  },
  {
    name: 'ALERT_WEBHOOK_SECRET',
    kind: string,
    default: '',
    group: 'Access',
    description: 'Secret that signs these reports by Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.',
  },
  {
    name: 'MAX_QUEUED_JOBS',
    kind: integer(1, 1e7),
    default: '10000',
    group: 'Load',
    description: 'Jobs that may wait, and as many again that are delayed. Further submissions are answered 503.',
  },
  {
    name: 'TENANT_MAX_QUEUED_JOBS',
    kind: integer(1, 1e7),
    default: '1000',
    group: 'Load',
    description:
      'Jobs of one tenant that may wait, and as many again that are delayed. Its further submissions are answered 429.',
  },
  {
    name: 'MAX_QUEUED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '1073741824',
    group: 'Load',
    description: 'Bytes of code and input that may wait in Redis. Further submissions are answered 503.',
  },
  {
    name: 'TENANT_MAX_QUEUED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '268435456',
    group: 'Load',
    description: 'The same for one tenant. Its further submissions are answered 429.',
  },
  {
    name: 'TENANT_MAX_OPEN_STREAMS',
    kind: integer(1, 1e6),
    default: '2000',
    group: 'Load',
    description:
      'Event streams, sockets and waiting requests that one tenant may have open at one gateway; further ones are answered 429.',
  },
  {
    name: 'TENANT_MAX_RUNNING_JOBS',
    kind: integer(0, 1e6),
    default: '0',
    group: 'Load',
    description:
      'Jobs of one tenant that run at a time, on all workers together. A key may have its own cap. 0: no cap.',
  },
  {
    name: 'REDIS_URL',
    kind: string,
    default: '',
    group: 'Storage',
    description:
      '`redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS, `redis+sentinel://HOST:PORT,HOST:PORT/MASTER`, `redis+cluster://HOST:PORT,HOST:PORT` (`rediss+sentinel://`, `rediss+cluster://` with TLS), or `unix:///path`. Empty: `npm start` runs its own Redis in the data directory.',
  },
  {
    name: 'REDIS_PASSWORD_FILE',
    kind: string,
    default: '',
    group: 'Storage',
    description: 'File with the password of Redis, in place of one in `REDIS_URL`.',
  },
  {
    name: 'REDIS_SENTINEL_PASSWORD_FILE',
    kind: string,
    default: '',
    group: 'Storage',
    description: 'File with the password of the sentinels themselves.',
  },
  {
    name: 'REDIS_TLS_CA_FILE',
    kind: string,
    default: '',
    group: 'Storage',
    description: 'File with the certificates (PEM) of authorities to trust for Redis. Empty: those of Node.',
  },
  {
    name: 'REDIS_TLS_CERT_FILE',
    kind: string,
    default: '',
    group: 'Storage',
    description: 'File with the client certificate (PEM) for Redis.',
  },
  {
    name: 'REDIS_TLS_KEY_FILE',
    kind: string,
    default: '',
    group: 'Storage',
    description: 'File with the key (PEM) of that certificate.',
  },
  {
    name: 'REDIS_REPLICAS',
    kind: integer(0, 16),
    default: '0',
    group: 'Storage',
    description:
      'Replicas of Redis that must confirm a job before it is accepted. With fewer, submissions are answered 503. With 0, the newest jobs may be lost when a replica takes over, because Redis replicates after it answers.',
  },
  {
    name: 'RUNYARD_NAMESPACE',
    kind: string,
    default: 'runyard',
    group: 'Storage',
    description: 'Prefix of every Redis key and value of every container label, so that installations can share both.',
  },
  {
    name: 'RUNYARD_DATA_DIR',
    kind: string,
    default: '.runyard',
    group: 'Storage',
    description:
      "Folder of what `npm start` keeps: Redis's append-only file, logs, build stamps. Relative to the package.",
  },
  {
    name: 'RESULT_TTL_SECONDS',
    kind: integer(1),
    default: '86400',
    group: 'Storage',
    description: 'How long a finished job, its output and its events can be read.',
  },
  {
    name: 'TENANT_RESULTS_KEPT',
    kind: integer(1, 1e7),
    default: '100000',
    group: 'Storage',
    description: 'Finished jobs to keep for one tenant. Beyond it, the oldest expire early.',
  },
  {
    name: 'MAX_STORED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '4294967296',
    group: 'Storage',
    description:
      'Bytes of finished jobs to keep in Redis, with output, events and artifacts. Beyond it, the oldest expire early.',
  },
  {
    name: 'TENANT_MAX_STORED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '536870912',
    group: 'Storage',
    description: 'The same for one tenant.',
  },
  {
    name: 'KEEP_REQUESTS',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    group: 'Storage',
    description:
      '`on`: stores the request (code, input, environment) as long as the result, so that an operator can run a job again and its owner can read it (`keepRequest`). `off`: removes the request when the job ends.',
  },
  {
    name: 'ARTIFACT_MAX_BYTES',
    kind: integer(1, 2 ** 40),
    default: String(256 * MIB),
    group: 'Storage',
    description: 'Most bytes of artifacts to keep for one job, in total.',
  },
  {
    name: 'ARTIFACT_INLINE_BYTES',
    kind: integer(0, 256 * MIB),
    default: String(8 * MIB),
    group: 'Storage',
    description:
      "Most bytes of a job's artifacts to keep in Redis, beside its result. Artifacts beyond them become files of its tenant.",
  },
  {
    name: 'ARTIFACT_MAX_FILES',
    kind: integer(1, 1000),
    default: '64',
    group: 'Storage',
    description: 'Most artifacts to keep for one job.',
  },
  {
    name: 'FILES_DIR',
    kind: string,
    default: '',
    group: 'Files',
    description:
      'Folder of the files that tenants upload and jobs make. Gateways and workers must see the same; on several machines that takes a shared file system or `FILES_S3_BUCKET`. Empty: `files` in `RUNYARD_DATA_DIR`. Relative to the package.',
  },
  {
    name: 'FILES_S3_BUCKET',
    kind: string,
    default: '',
    group: 'Files',
    description: 'Bucket that holds files in place of `FILES_DIR`, on any server that speaks S3. Empty: none.',
  },
  {
    name: 'FILES_S3_ENDPOINT',
    kind: string,
    default: '',
    group: 'Files',
    description:
      'Address of that server, e.g. `http://minio:9000`. Empty: `https://s3.REGION.amazonaws.com`. The bucket becomes the first step of the path.',
  },
  {
    name: 'FILES_S3_REGION',
    kind: string,
    default: 'us-east-1',
    group: 'Files',
    description: 'Region of the bucket, which is part of every signature.',
  },
  {
    name: 'FILES_S3_ACCESS_KEY_ID',
    kind: string,
    default: '',
    group: 'Files',
    description: 'Access key for the bucket.',
  },
  {
    name: 'FILES_S3_SECRET_ACCESS_KEY_FILE',
    kind: string,
    default: '',
    group: 'Files',
    description: 'File with the secret of that access key.',
  },
  {
    name: 'UPLOAD_MAX_BYTES',
    kind: integer(1, 2 ** 40),
    default: String(256 * MIB),
    group: 'Files',
    description: 'Largest file that can be uploaded, in bytes.',
  },
  {
    name: 'FILES_TTL_SECONDS',
    kind: integer(1, 1e9),
    default: '604800',
    group: 'Files',
    description: 'How long a file is kept. An upload may ask for less.',
  },
  {
    name: 'FILES_TENANT_MAX_FILES',
    kind: integer(1, 1e7),
    default: '10000',
    group: 'Files',
    description: 'Files of one tenant. Further uploads are answered 507.',
  },
  {
    name: 'FILES_TENANT_MAX_BYTES',
    kind: integer(1),
    default: '5368709120',
    group: 'Files',
    description: 'Bytes of the files of one tenant; the same content counts once. Further uploads are answered 507.',
  },
  {
    name: 'FILES_MAX_BYTES',
    kind: integer(1),
    default: '53687091200',
    group: 'Files',
    description: 'Bytes of the files of all tenants. Further uploads are answered 503.',
  },
  {
    name: 'FILES_MIN_FREE_BYTES',
    kind: integer(0),
    default: String(1024 * MIB),
    group: 'Files',
    description: 'Free bytes to leave on the disk of `FILES_DIR`. With fewer, uploads are answered 503.',
  },
  {
    name: 'PACKAGES',
    kind: { type: 'choice', of: ['off', 'allow-list', 'open'] },
    default: 'open',
    group: 'Packages',
    description:
      'Who may have packages installed. `off`: nobody. `allow-list`: only names in `PACKAGES_ALLOWED`, with what they need. `open`: any name that screening does not refuse.',
  },
  {
    name: 'PACKAGES_ALLOWED',
    kind: { type: 'list' },
    default: '',
    group: 'Packages',
    description: 'Names that `PACKAGES=allow-list` allows, comma-separated.',
  },
  {
    name: 'PACKAGE_INDEX_PYPI',
    kind: string,
    default: '',
    group: 'Packages',
    description:
      "Address of the index of Python packages: its simple API, in JSON. Empty: what pip is configured with on the worker's machine, else the installer's default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_NPM',
    kind: string,
    default: '',
    group: 'Packages',
    description:
      "Address of the registry of packages for Node.js. Empty: what npm is configured with on the worker's machine, else npm's default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_GO',
    kind: string,
    default: '',
    group: 'Packages',
    description:
      "Address of the proxy of modules for Go. Empty: what Go is configured with on the worker's machine, else its default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_CRATES',
    kind: string,
    default: '',
    group: 'Packages',
    description:
      "Address of the index of crates for Rust: a sparse one. Empty: what Cargo is configured with on the worker's machine, else its default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_MAVEN',
    kind: string,
    default: '',
    group: 'Packages',
    description:
      "Address of the Maven repository of jars for Java. Empty: the mirror in `~/.m2/settings.xml` on the worker's machine, else Maven's default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_BUILDS',
    kind: { type: 'choice', of: ['off', 'on'] },
    default: 'off',
    group: 'Packages',
    description:
      'Whether build scripts and procedural macros of crates may run when an environment is built: in a sandbox like that of a job, without a network. `off`: a crate that has them is refused.',
  },
  {
    name: 'PACKAGE_PRELOAD',
    kind: { type: 'list' },
    default: '',
    group: 'Packages',
    description:
      'Modules that Python imports while it waits for a job with packages: `TENANT/python/MODULE`, comma-separated, e.g. `lab/python/numpy`. `*` is every tenant. Empty: none. See [packages](guides/packages.md).',
  },
  {
    name: 'PACKAGE_INDEX_REACH',
    kind: { type: 'list' },
    default: '',
    group: 'Packages',
    description:
      'Internal addresses and networks (CIDR) where a package index may be, comma-separated. Empty: none; internal addresses are refused.',
  },
  {
    name: 'PACKAGE_MIN_AGE_DAYS',
    kind: integer(0, 3650),
    default: '7',
    group: 'Packages',
    description: 'Files of packages that were uploaded later are not installed. 0: all are.',
  },
  {
    name: 'ENVIRONMENT_MAX_BYTES',
    kind: integer(MIB),
    default: String(1024 * MIB),
    group: 'Packages',
    description:
      'Bytes of one environment. They lie in memory while it is built: a worker needs as much, and 768 MiB more, for a build.',
  },
  {
    name: 'ENVIRONMENT_MAX_FILES',
    kind: integer(1, 10_000_000),
    default: '60000',
    group: 'Packages',
    description: 'Files of one environment.',
  },
  {
    name: 'ENVIRONMENTS_MAX_BYTES',
    kind: integer(MIB),
    default: String(20 * 1024 * MIB),
    group: 'Packages',
    description:
      'Bytes of all environments on one host, in `RUNYARD_DATA_DIR`. The least recently used go first, none that is in use.',
  },
  {
    name: 'ENVIRONMENT_BUILD_TIMEOUT_MS',
    kind: integer(1000, MAX_TIMER_MS),
    default: '600000',
    group: 'Packages',
    description: 'The longest that each step of a build may take: resolving, installing, packing.',
  },
  {
    name: 'WORKER_CONCURRENCY',
    kind: integer(1, 1024),
    default: String(availableParallelism()),
    group: 'Worker',
    description: 'Slots: jobs one worker runs at a time. The default is the number of processors.',
  },
  {
    name: 'INSTALL_ON_REQUEST',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    group: 'Worker',
    description:
      '`on`: this worker installs languages of `languages/` when an operator asks for them in the dashboard.',
  },
  {
    name: 'TIMEOUT_FACTOR',
    kind: integer(1, 1000),
    default: '1',
    group: 'Worker',
    description:
      'Multiplies the time limits of a start and of calls to podman, for a machine that is slow or emulated. Limits of jobs stay as they are.',
  },
  {
    name: 'DRAIN_TIMEOUT_MS',
    kind: integer(0, MAX_TIMER_MS),
    default: '40000',
    group: 'Worker',
    description: 'How long a stopping worker waits for its running jobs. Jobs that are left run elsewhere.',
  },
  {
    name: 'SESSIONS_MEMORY_BYTES',
    kind: { ...integer(0), isOptional: true },
    default: '',
    group: 'Sessions',
    description:
      'Memory that the sessions of one worker may have together, the sum of their limits. Empty: half of the machine. 0: no sessions.',
  },
  {
    name: 'SESSION_IDLE_TIMEOUT_MS',
    kind: integer(1000, MAX_TIMER_MS),
    default: String(10 * MINUTE),
    group: 'Sessions',
    description: 'After how long without use a session ends that asked for no other time.',
  },
  {
    name: 'SESSION_MAX_LIFETIME_MS',
    kind: integer(1000, MAX_TIMER_MS),
    default: String(24 * 60 * MINUTE),
    group: 'Sessions',
    description:
      'The longest that a session may live or stand idle, and the CPU time that its processes may use in all, ms. A session that asks for no other time lives an hour, or this if it is less.',
  },
  {
    name: 'SESSION_POOL_READY',
    kind: integer(0, 100),
    default: '1',
    group: 'Sessions',
    description:
      'Sessions with a started kernel that wait ready, of each language that had a session within the last hour. They give way when others need their memory.',
  },
  {
    name: 'TENANT_MAX_SESSIONS',
    kind: integer(1, 1e6),
    default: '10',
    group: 'Sessions',
    description: 'Sessions of one tenant at a time.',
  },
  {
    name: 'PODMAN_SOCKET',
    kind: string,
    default: '',
    group: 'Sandbox',
    description: "Path of podman's API socket. Empty: `npm start` runs its own `podman system service`.",
  },
  {
    name: 'PODMAN_MODE',
    kind: { type: 'choice', of: ['auto', 'root', 'rootless'] },
    default: 'auto',
    group: 'Sandbox',
    description:
      'How podman is run where `PODMAN_SOCKET` is empty. `root`: as root, through sudo for anybody else. `rootless`: as this user, which the machine must be [prepared](rootless.md) for. `auto`: as root for root, rootless where a user can, else through sudo.',
  },
  {
    name: 'OCI_RUNTIME',
    kind: string,
    default: '',
    group: 'Sandbox',
    description:
      'The OCI runtime of the `podman system service` that `npm start` runs: `crun`, `runc`, `runsc` or a path. Empty: crun, crun without the second tree of mixed cgroups (`sandbox/host/crun.c`), else runc, whichever runs a probe container.',
  },
  {
    name: 'SANDBOX_SOCKETS',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    group: 'Sandbox',
    description:
      "`on`: sandboxes talk to their worker over Unix sockets in `run` of `RUNYARD_DATA_DIR`, past podman's service, which saves CPU time. If podman cannot mount that folder, as for a worker in a container, the worker detects it and uses podman's service.",
  },
  {
    name: 'KERNEL_FAULT_LOG',
    kind: { type: 'choice', of: ['off', 'keep'] },
    default: 'off',
    group: 'Sandbox',
    description:
      '`keep`: the kernel of the worker’s machine continues to log crashes of programs, with names that the programs chose. `off`: a worker that is root sets `debug.exception-trace` to 0 when it starts.',
  },
  {
    name: 'SANDBOX_REUSE',
    kind: { type: 'choice', of: ['tenant', 'never'] },
    default: 'tenant',
    group: 'Sandbox',
    description:
      '`tenant`: a sandbox runs jobs of one tenant, each in its own cell. `never`: every job gets its own container.',
  },
  {
    name: 'SANDBOX_MAX_JOBS',
    kind: integer(1),
    default: '500',
    group: 'Sandbox',
    description: 'Jobs after which a sandbox is retired.',
  },
  {
    name: 'SANDBOX_MAX_AGE_SECONDS',
    kind: integer(1),
    default: '1800',
    group: 'Sandbox',
    description: 'Age at which a sandbox is retired.',
  },
  {
    name: 'POOL_READY',
    kind: integer(0, 256),
    default: '1',
    group: 'Sandbox',
    description: 'Sandboxes to keep ready for each installed language. Recent demand adds to it.',
  },
  {
    name: 'POOL_MEMORY_BYTES',
    kind: { ...integer(0), isOptional: true },
    default: '',
    group: 'Sandbox',
    description:
      'Memory that idle sandboxes of a worker may hold together. Languages that jobs asked for come first: the interpreters of others are not started ahead when there is no room. Empty: a quarter of the machine.',
  },
  {
    name: 'PREWARM',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    group: 'Sandbox',
    description:
      '`on`: idle sandboxes start the interpreter ahead, where the language can, and it waits for its program. Each takes memory: 3 MB for Python, 20 MB for JavaScript, 0.5 MB for Bash.',
  },
  {
    name: 'CONTAINER_IMAGES',
    kind: { type: 'list' },
    default: '',
    group: 'Sandbox',
    description: 'Images allowed in container jobs beside those of the languages, comma-separated.',
  },
  {
    name: 'CPU_WEIGHT',
    kind: integer(2, 262144),
    default: '512',
    group: 'Sandbox',
    description: 'CPU shares of a sandbox, where 1024 is one ordinary process of the host.',
  },
  {
    name: 'DISK_READ_BYTES',
    kind: integer(0, 2 ** 40),
    default: String(256 * MIB),
    group: 'Sandbox',
    description:
      'Bytes a second that a sandbox may read from each disk of the machine; cached files do not count. 0: no bound. Needs a worker that is root.',
  },
  {
    name: 'KILL_GRACE_MS',
    kind: integer(0, 60_000),
    default: '5000',
    group: 'Sandbox',
    description: 'Time between SIGTERM and SIGKILL when a limit other than CPU time ends a job.',
  },
  {
    name: 'WEBHOOK_ALLOW',
    kind: { type: 'list' },
    default: '',
    group: 'Webhooks',
    description:
      'Internal networks that webhooks may reach, on every port: addresses and networks as CIDR, comma-separated. Empty: none.',
  },
  {
    name: 'WEBHOOK_DENY',
    kind: { type: 'list' },
    default: '',
    group: 'Webhooks',
    description:
      'Public networks that webhooks may not reach, e.g. the address by which others reach this machine. Empty: none.',
  },
  {
    name: 'WEBHOOK_PORTS',
    kind: { type: 'list' },
    default: '80,443,8080,8443',
    group: 'Webhooks',
    description: 'Ports that webhooks may reach, comma-separated. Networks in `WEBHOOK_ALLOW` are open on every port.',
  },
  {
    name: 'WEBHOOK_TIMEOUT_MS',
    kind: integer(100, 120_000),
    default: '15000',
    group: 'Webhooks',
    description: 'Time limit of one delivery of a webhook.',
  },
  {
    name: 'WEBHOOK_CONCURRENCY',
    kind: integer(1, 1024),
    default: '16',
    group: 'Webhooks',
    description: 'Webhook deliveries that one worker makes at a time.',
  },
  {
    name: 'WEBHOOK_DELIVERIES_KEPT_SECONDS',
    kind: integer(1, 1e9),
    default: '604800',
    group: 'Webhooks',
    description: 'How long a delivery and its attempts can be read.',
  },
  ...LIMIT_NAMES.map((name): Setting => ({
    name: `DEFAULT_${limitVariable(name)}`,
    kind: limitKind(name),
    default: String(DEFAULT_LIMITS[name]),
    group: 'Limits',
    description: `Default limit: ${LIMIT_WORDS[name]}.`,
  })),
  ...LIMIT_NAMES.map((name): Setting => ({
    name: `MAX_${limitVariable(name)}`,
    kind: limitKind(name),
    default: String(DEFAULT_CEILINGS[name]),
    group: 'Ceilings',
    description: `The most a job may ask for: ${LIMIT_WORDS[name]}.`,
  })),
  {
    name: 'MAX_BODY_BYTES',
    kind: integer(1024, 64 * 1024 * 1024),
    default: '2097152',
    group: 'Requests',
    description: 'Largest request body, after decompression.',
  },
  {
    name: 'MAX_CODE_BYTES',
    kind: integer(1, 64 * 1024 * 1024),
    default: '1048576',
    group: 'Requests',
    description: 'Largest `code`, or all `files` together, in bytes of UTF-8.',
  },
  {
    name: 'LOG_LEVEL',
    kind: { type: 'choice', of: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] },
    default: 'info',
    group: 'Logs',
    description: 'Lowest severity that is written, as one JSON object per line on standard output.',
  },
  {
    name: 'METRICS_PORT',
    kind: optionalPort,
    default: '',
    group: 'Metrics',
    description: 'Port on which the gateway serves `/metrics` without a key, instead of on `PORT`. Empty: none.',
  },
  {
    name: 'WORKER_METRICS_PORT',
    kind: optionalPort,
    default: '',
    group: 'Metrics',
    description: 'Port on which a worker serves its `/metrics`, without a key. Empty: none.',
  },
  {
    name: 'METRICS_HOST',
    kind: string,
    default: '127.0.0.1',
    group: 'Metrics',
    description: 'Address of those two ports. Everybody who reaches it can read the metrics.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: string,
    default: '',
    group: 'Traces',
    description:
      'Collector that gets traces by OTLP over HTTP, e.g. `http://localhost:4318`; `/v1/traces` is added. Empty: no traces.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    kind: string,
    default: '',
    group: 'Traces',
    description: 'The same as a complete URL, used instead.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    kind: { type: 'choice', of: ['http/protobuf', 'http/json'] },
    default: 'http/protobuf',
    group: 'Traces',
    description: 'How traces are encoded.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    kind: string,
    default: '',
    group: 'Traces',
    description: 'Headers for the collector: `name=value,other=value`, percent-encoded.',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    kind: string,
    default: '',
    group: 'Traces',
    description: 'Name of the service in traces. Empty: `runyard-gateway` and `runyard-worker`.',
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    kind: string,
    default: '',
    group: 'Traces',
    description: 'More attributes of the process in traces: `name=value,other=value`, percent-encoded.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    kind: { type: 'choice', of: SAMPLERS },
    default: 'parentbased_always_on',
    group: 'Traces',
    description: 'Which traces are kept. `parentbased_...`: where a caller names a trace, the caller decides.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    kind: string,
    default: '',
    group: 'Traces',
    description: 'Share of the traces that `..._traceidratio` keeps: 0 to 1. Empty: 1.',
  },
  {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    kind: integer(1, MAX_TIMER_MS),
    default: '5000',
    group: 'Traces',
    description: 'How often traces are sent, in ms.',
  },
  {
    name: 'OTEL_SDK_DISABLED',
    kind: { type: 'choice', of: ['true', 'false'] },
    default: 'false',
    group: 'Traces',
    description: '`true`: no traces, whatever the other settings say.',
  },
]
