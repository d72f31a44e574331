/**
 * Names of everything Runyard keeps in Redis, all under one hash tag so that a cluster can hold them in one slot. Scripts
 * have the same names (`lua-script.ts`).
 */
export interface Keys {
  /** Given to BullMQ as its prefix. */
  readonly prefix: string
  /** Hash: head, tenant, state, startedAt, attempt, summary, output and more. */
  job(id: string): string
  /** Stream of the job's events; also the name of the channel they are published on. */
  events(id: string): string
  /** Hash: content of the job's artifacts by their paths. */
  artifacts(id: string): string
  /** Hash: a stored file of a tenant, by its id. */
  file(id: string): string
  /** Sorted set of the ids of a tenant's files, which are in the order of their making. */
  tenantFiles(tenant: string): string
  /** Sorted set of the ids of all files, in the same order. */
  readonly allFiles: string
  /** Sorted set of the ids of all files by when they expire, in ms. */
  readonly fileExpiry: string
  /** Hash: content in the file store, by its name: whose it is, its hash and size, how many files have it. */
  fileBlob(name: string): string
  /** Hash: names of a tenant's content by its SHA-256. */
  tenantBlobs(tenant: string): string
  /** Sorted set of the ids of jobs that were submitted with this content, by when, in ms. */
  filePins(blob: string): string
  /** Sorted set of content that no file has, and a job may still need, by when that was looked at last, in ms. */
  readonly unusedBlobs: string
  /** Sorted set of content that is to be removed from the file store, by since when, in ms. */
  readonly fileGarbage: string
  /** Hash: an upload that is under way: its tenant and the bytes that are reserved for it. */
  fileUpload(id: string): string
  /** Sorted set of the uploads that are under way by when they count as lost, in ms. */
  readonly fileUploads: string
  /** The same of one tenant: each may become a file. */
  tenantUploads(tenant: string): string
  /** Hash: bytes in the file store and reserved, of `all` and `of:TENANT`. */
  readonly fileBytes: string
  /** Id of a file and fingerprint of its request, by an `Idempotency-Key` of a tenant. */
  fileIdempotency(tenant: string, hash: string): string
  /** Sorted set of worker ids by the time of their last heartbeat, in ms. */
  readonly workers: string
  /** JSON of what a worker is and has; lives as long as its heartbeat. */
  worker(id: string): string
  /** JSON of the runtimes some worker had last. */
  readonly runtimes: string
  /** JSON of an API key, by its id. */
  apiKey(id: string): string
  /** Sorted set of the ids of all API keys by when they were made, in ms. */
  readonly apiKeys: string
  /** Channel: ids of API keys as they are revoked. */
  readonly revocations: string
  /** Theoretical arrival time of a bucket of the rate limit, in microseconds. */
  rate(bucket: string): string
  /** Hash: score of an address or key, and when it was that. */
  abuse(subject: string): string
  /** JSON of a block of an address or key; lives as long as the block. */
  block(subject: string): string
  /** Sorted set of blocked addresses and keys by when the block ends, in ms. */
  readonly blocks: string
  /** Hash: addresses and keys that are never blocked by themselves, and why. */
  readonly allowed: string
  /** Hash: files that a tenant sent over another system's protocol, by their ids there. */
  compatFiles(tenant: string): string
  /** Channel: calls of MCP clients that are to end. */
  readonly mcpCancellations: string
  /** Hash: what is known of a session as a sandbox of E2B's. */
  e2bSandbox(session: string): string
  /** Hash: snapshots of sandboxes of E2B's that a tenant has, by the ids of their files. */
  e2bSnapshots(tenant: string): string
  /** Hash: sandboxes of E2B's that a tenant has paused, by the ids of their first sessions. */
  e2bPaused(tenant: string): string
  /** Text: whose request pauses or resumes a sandbox, by its first session; there meanwhile. */
  e2bLock(session: string): string
  /** Stream of security events. */
  readonly securityEvents: string
  /** Hash: how many security events of each kind there were. */
  readonly securityCounts: string
  /** Sorted set of the ids of queued jobs by when they were accepted, in ms. */
  readonly queued: string
  /** The same of one tenant. */
  tenantQueued(tenant: string): string
  /** Sorted set of the ids of delayed jobs by when they are due, in ms. */
  readonly delayed: string
  /** The same of one tenant. */
  tenantDelayed(tenant: string): string
  /** Hash: bytes that queued and delayed jobs wait with, of `all` and `of:TENANT`. */
  readonly waitingBytes: string
  /** Sorted set of the ids of running jobs by when they count as lost, in ms. */
  readonly running: string
  /** Sorted set of the ids of a tenant's running jobs by when they count as lost, in ms. */
  tenantRunning(tenant: string): string
  /** Sorted set of the ids of jobs that wait for another of their tenant to end, by when they were accepted, in ms. */
  tenantHeld(tenant: string): string
  /** Sorted set of the ids of a tenant's jobs by when they were accepted, in ms. */
  tenantJobs(tenant: string): string
  /** Sorted set of the ids of a tenant's finished jobs by when they ended, in ms. */
  tenantFinished(tenant: string): string
  /** Sorted set of the ids of all finished jobs by when they ended, in ms. */
  readonly finished: string
  /** Hash: what a finished job takes, `BYTES TENANT`, by its id. */
  readonly sizes: string
  /** Hash: bytes of finished jobs, of `all` and `of:TENANT`. */
  readonly stored: string
  /** What was answered to an `Idempotency-Key` of a tenant: id and fingerprint of the request. */
  idempotency(tenant: string, hash: string): string
  /** JSON of a batch: its tenant and the ids of its jobs. */
  batch(id: string): string
  /** Hash: what is known of a problem, and its tests, packed. */
  problem(id: string): string
  /** Sorted set of the ids of a tenant's problems by when they were stored, in ms. */
  tenantProblems(tenant: string): string
  /** Sorted set of the ids of the jobs that named a problem, by when they were accepted, in ms. */
  problemJobs(id: string): string
  /** Id of the file that has what a program became when it was compiled, by a hash of all that has to do with it. */
  compiledProgram(hash: string): string
  /** There while some worker compiles such a program. */
  compiling(hash: string): string
  /** JSON of the last trial of a problem's example submissions. */
  problemTrial(id: string): string
  /** Hash: the last comparison of a problem's submissions, and its pairs, packed. */
  problemSimilarity(id: string): string
  /** Sorted set of the ids of a tenant's problems whose submissions wait to be compared or are, by since when, in ms. */
  tenantComparisons(tenant: string): string
  /** Channel: jobs that have ended and that this gateway waits for, each as its id and its JSON. */
  replies(gateway: string): string
  /** Channel: ids of running jobs that are to end. */
  readonly cancellations: string
  /** Stream of what is sent to an interactive job; also the channel on which it is published. */
  input(id: string): string
  /** Sorted set of the ids of all jobs, which are in the order of their making. */
  readonly allJobs: string
  /** Hash: what was counted in the ten seconds from this time on, in ms. */
  jobStatistics(at: number): string
  /** JSON of who is logged in to the dashboard, by a hash of what shows it. */
  adminSession(hash: string): string
  /** There while a link to the dashboard can be used, by a hash of it. */
  adminLink(hash: string): string
  /** Hash: what is known of the installation of a language that was asked for, by its id. */
  installation(id: string): string
  /** Id of the installation of a language that is under way. */
  installationOf(language: string): string
  /** Id of the last one that was asked for. */
  lastInstallationOf(language: string): string
  /** Sorted set of the ids of installations that have not ended, by when they were asked for, in ms; the channel on which they are told, too. */
  readonly installations: string
  /** Sorted set of a tenant's webhook secrets by until when they sign, in ms; the current one by infinity. */
  webhookSecrets(tenant: string): string
  /** Hash: a webhook delivery with its attempts, by its id. */
  delivery(id: string): string
  /** Sorted set of the ids of deliveries that have not ended, by when they are to be tried, in ms. */
  readonly pendingDeliveries: string
  /** Sorted set of the ids of a tenant's webhook deliveries by when they were made, in ms. */
  tenantDeliveries(tenant: string): string
  /** Sorted set of the ids of all webhook deliveries by when they were made, in ms. */
  readonly allDeliveries: string
  /** Hash: failures in a row of a webhook endpoint of a tenant, and whether it is disabled, by a hash of its URL; `alerts`: set while no further alert is due. */
  webhookEndpoint(tenant: string, hash: string): string
  /** Hash: virtual time of the queue (`now`), the `base` of priorities, last tag of each tenant that waits, how many do. */
  readonly fairness: string
  /** List of when the last jobs ended, in ms, newest first. */
  readonly ends: string
  /** Written to learn what replicas have. */
  readonly mark: string
  /** Hash: tenant, state, worker, and the session as its owner sees it. Its events are at `events`. */
  session(id: string): string
  /** Hash: executions and commands of a session that have ended, JSON, by their ids. */
  sessionResults(id: string): string
  /** Stream of what a session is asked; also the channel on which it is published. */
  sessionRequests(id: string): string
  /** Hash: the answer to one request, for a gateway that missed it. */
  sessionAnswer(id: string): string
  /** Channel: answers to the requests of a gateway. */
  sessionAnswers(gateway: string): string
  /** Sorted set of the ids of sessions that have not ended, by when they count as lost, in ms. */
  readonly liveSessions: string
  /** Set of the ids of those of one tenant. */
  tenantLiveSessions(tenant: string): string
  /** Sorted set of the ids of a tenant's sessions by when they were accepted, in ms. */
  tenantSessions(tenant: string): string
  /** JSON: an environment, by its id. Its events are at `events`. */
  environment(id: string): string
  /** Id of the environment that a request made within a day, by a hash of what was asked for. */
  environmentOf(hash: string): string
  /** Sorted set of the ids of environments by when they were last asked for or used, in ms. */
  readonly allEnvironments: string
  /** Sorted set of the ids of those that a tenant asked for, by when it did last, in ms. */
  tenantEnvironments(tenant: string): string
  /** Sorted set of the ids of environments that are neither ready nor failed, by when they were made, in ms. */
  readonly undecidedEnvironments: string
  /** The same of those that a tenant asked for first. */
  tenantUndecidedEnvironments(tenant: string): string
  /** Sorted set of the ids of environments that failed, of those that a tenant asked for first, by when they did, in ms. */
  tenantFailedEnvironments(tenant: string): string
  /** Set of the ids of jobs that workers put aside until an environment is decided. */
  environmentWaiters(id: string): string
  /** Set of the ids of jobs that are told how far an environment is. */
  environmentFollowers(id: string): string
  /** Sorted set of the tenants that asked for an environment by when they did last, in ms. */
  environmentTenants(id: string): string
  /** What the installer of an environment did and said. */
  environmentLog(id: string): string
  /** Sorted set of what workers are to remove, JSON, by since when, in ms. */
  readonly environmentEvictions: string
  /** Sorted set of what locks install (`lockId`) that was evicted and not installed again, by when, in ms. */
  readonly evictedLocks: string
  /** Hash: packages that nobody may have, JSON, by ecosystem, name and version. */
  readonly packageBans: string
  /** JSON of a token for pages, by its id; lives as long as it. */
  browserToken(id: string): string
  /** Sorted set of the ids of the tokens of one maker by when they expire, in ms. */
  browserTokensOf(maker: string): string
  /** Sorted set of the origins that tokens are for by until when they are known, in ms. */
  readonly browserOrigins: string
  /** Hash: sessions of the Jupyter protocol, JSON, of a tenant, by their ids. */
  jupyterSessions(tenant: string): string
  /** Hash: what a socket of the Jupyter protocol asked of a session, JSON, by the ids of the executions. */
  jupyterRequests(session: string): string
  /** Hash: the last event that each socket of a session has had, by the sockets' own ids. */
  jupyterSockets(session: string): string
  /** Value: what the kernel of a session answers to `kernel_info_request`, JSON. */
  jupyterInfo(session: string): string
}

/** Of sessions that wait for a worker with room. */
export const SESSION_QUEUE_NAME = 'sessions'

export const QUEUE_NAME = 'jobs'

/** A name of `Keys`, the prefix aside. */
export type KeyName = Exclude<keyof Keys, 'prefix'>

/** What stands behind the prefix; each `*` is an argument. The one place where keys are spelled. */
const PATTERNS: Readonly<Record<KeyName, string>> = {
  job: 'job:*',
  events: 'events:*',
  artifacts: 'artifacts:*',
  file: 'file:*',
  tenantFiles: 'files-of:*',
  allFiles: 'files',
  fileExpiry: 'file-expiry',
  fileBlob: 'file-blob:*',
  tenantBlobs: 'file-blobs-of:*',
  filePins: 'file-pins:*',
  unusedBlobs: 'file-unused',
  fileGarbage: 'file-garbage',
  fileUpload: 'file-upload:*',
  fileUploads: 'file-uploads',
  tenantUploads: 'file-uploads-of:*',
  fileBytes: 'file-bytes',
  fileIdempotency: 'file-idempotency:*:*',
  workers: 'workers',
  worker: 'worker:*',
  runtimes: 'runtimes',
  apiKey: 'key:*',
  apiKeys: 'keys',
  revocations: 'revocations',
  rate: 'rate:*',
  abuse: 'abuse:*',
  block: 'block:*',
  blocks: 'blocks',
  allowed: 'allowed',
  securityEvents: 'security-events',
  securityCounts: 'security-counts',
  queued: 'queued',
  tenantQueued: 'queued:*',
  delayed: 'delayed',
  tenantDelayed: 'delayed:*',
  waitingBytes: 'waiting-bytes',
  running: 'running',
  tenantRunning: 'running:*',
  tenantHeld: 'held:*',
  tenantJobs: 'jobs-of:*',
  tenantFinished: 'finished-of:*',
  finished: 'finished',
  sizes: 'sizes',
  stored: 'stored',
  idempotency: 'idempotency:*:*',
  batch: 'batch:*',
  problem: 'problem:*',
  tenantProblems: 'problems-of:*',
  problemJobs: 'problem-jobs:*',
  problemTrial: 'problem-trial:*',
  problemSimilarity: 'problem-similarity:*',
  tenantComparisons: 'comparisons-of:*',
  compiledProgram: 'compiled:*',
  compiling: 'compiling:*',
  replies: 'replies:*',
  cancellations: 'cancellations',
  input: 'input:*',
  allJobs: 'all-jobs',
  jobStatistics: 'figures:*',
  adminSession: 'admin-session:*',
  adminLink: 'admin-link:*',
  installation: 'installation:*',
  installationOf: 'installation-of:*',
  lastInstallationOf: 'installation-of:*:last',
  installations: 'installations',
  allDeliveries: 'deliveries',
  webhookSecrets: 'webhook-secrets:*',
  delivery: 'delivery:*',
  tenantDeliveries: 'deliveries-of:*',
  pendingDeliveries: 'webhooks-pending',
  webhookEndpoint: 'webhook-endpoint:*:*',
  fairness: 'fairness',
  ends: 'ends',
  mark: 'mark',
  session: 'session:*',
  sessionResults: 'session-results:*',
  sessionRequests: 'session-requests:*',
  sessionAnswer: 'session-answer:*',
  sessionAnswers: 'session-answers:*',
  liveSessions: 'sessions-live',
  tenantLiveSessions: 'sessions-live:*',
  tenantSessions: 'sessions-of:*',
  browserToken: 'browser-token:*',
  browserTokensOf: 'browser-tokens-of:*',
  browserOrigins: 'browser-origins',
  jupyterSessions: 'jupyter-sessions:*',
  jupyterRequests: 'jupyter-requests:*',
  jupyterSockets: 'jupyter-sockets:*',
  jupyterInfo: 'jupyter-info:*',
  compatFiles: 'compat-files:*',
  mcpCancellations: 'mcp-cancellations',
  e2bSandbox: 'e2b-sandbox:*',
  e2bSnapshots: 'e2b-snapshots:*',
  e2bPaused: 'e2b-paused:*',
  e2bLock: 'e2b-lock:*',
  environment: 'environment:*',
  environmentOf: 'environment-of:*',
  allEnvironments: 'environments',
  tenantEnvironments: 'environments-of:*',
  undecidedEnvironments: 'environments-undecided',
  tenantUndecidedEnvironments: 'environments-undecided-of:*',
  tenantFailedEnvironments: 'environments-failed-of:*',
  environmentWaiters: 'environment-waiters:*',
  environmentFollowers: 'environment-followers:*',
  environmentTenants: 'environment-tenants:*',
  environmentLog: 'environment-log:*',
  environmentEvictions: 'environment-evictions',
  evictedLocks: 'environment-locks-evicted',
  packageBans: 'package-bans',
}

export function createKeys(namespace: string): Keys {
  const prefix = `{${namespace}}`
  const names = Object.entries(PATTERNS).map(([name, pattern]) => [name, keyOf(`${prefix}:${pattern}`)])
  return { prefix, ...Object.fromEntries(names) } as Keys
}

function keyOf(pattern: string): string | ((...values: (string | number)[]) => string) {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return first
  return (...values) => rest.reduce((key, text, index) => key + values[index] + text, first)
}

/** Whether there is a key of this name. */
export const isKeyName = (name: string): name is KeyName => Object.hasOwn(PATTERNS, name)

/**
 * The same names for a script: a table `keys` of texts, and of functions where a key has arguments, as in `createKeys`.
 * @param prefix a Lua expression
 */
export function keysInLua(names: readonly KeyName[], prefix: string): string {
  const entries = names.map((name) => {
    const [first = '', ...rest] = `:${PATTERNS[name]}`.split('*')
    if (rest.length === 0) return `${name} = prefix .. '${first}'`
    const values = rest.map((_, index) => `v${index}`)
    const text = values.map((value, index) => ` .. ${value}${rest[index] ? ` .. '${rest[index]}'` : ''}`).join('')
    return `${name} = function(${values.join(', ')}) return prefix .. '${first}'${text} end`
  })
  return `local prefix = ${prefix}\nlocal keys = {${entries.map((entry) => `\n  ${entry}`).join(',')}\n}`
}
