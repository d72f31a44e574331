import { KIB, SECOND } from '../../shared/limits.ts'
import { alwaysOff, alwaysOn, none, number, type Translate } from './translate.ts'

const OWN_DATABASE = none('Runyard keeps everything in Redis')
const OWN_REDIS = none('npm start runs a Redis; REDIS_URL names another')
const RAILS = none('there is no Rails: one gateway serves all requests, and you may start more')
const ADDRESSES = none('addresses are not filtered: use a firewall, and keys')
const V1_ALONE = 'it holds for /v1; clients of /judge0 that name no limit have that of Judge0'
const STACK_OF_V1 =
  'it holds for /v1, and at /judge0 for languages of which something waits ready; others have 64,000 KB there'

/** Origins as `ALLOW_ORIGIN` has them, most often without a scheme. */
const origins: Translate = (value) => {
  if (value.includes('*')) return { why: 'origins have no wildcards: list those that may call in ALLOWED_ORIGINS' }
  const all = value.split(/\s+/).map((one) => (/^https?:\/\//.test(one) ? one : `https://${one}`))
  return { settings: { ALLOWED_ORIGINS: all.join(',') }, note: 'names without a scheme were taken for https' }
}

/** judge0.conf of Judge0 CE 1.13. */
export const JUDGE0_VARIABLES: Readonly<Record<string, Translate>> = {
  CPU_TIME_LIMIT: number('DEFAULT_CPU_MS', SECOND, V1_ALONE),
  MAX_CPU_TIME_LIMIT: number('MAX_CPU_MS', SECOND),
  WALL_TIME_LIMIT: number('DEFAULT_WALL_MS', SECOND, V1_ALONE),
  MAX_WALL_TIME_LIMIT: number(['MAX_WALL_MS', 'MAX_COMPILE_WALL_MS'], SECOND),
  MEMORY_LIMIT: number('DEFAULT_MEMORY_BYTES', KIB),
  MAX_MEMORY_LIMIT: number('MAX_MEMORY_BYTES', KIB),
  STACK_LIMIT: number('DEFAULT_STACK_BYTES', KIB, STACK_OF_V1),
  MAX_STACK_LIMIT: number('MAX_STACK_BYTES', KIB),
  MAX_PROCESSES_AND_OR_THREADS: number('DEFAULT_PROCESSES', 1, V1_ALONE),
  MAX_MAX_PROCESSES_AND_OR_THREADS: number('MAX_PROCESSES'),
  MAX_FILE_SIZE: number('DEFAULT_FILE_BYTES', KIB, `${V1_ALONE}; of all files together`),
  MAX_MAX_FILE_SIZE: number('MAX_FILE_BYTES', KIB, 'of all files together'),
  CPU_EXTRA_TIME: number('KILL_GRACE_MS', SECOND, 'a program first gets SIGTERM, and is killed when this has passed'),
  MAX_CPU_EXTRA_TIME: none('cpu_extra_time is checked, and without effect'),
  COUNT: number('WORKER_CONCURRENCY', 1, 'of each worker; more than the processors make every job slower'),
  MAX_QUEUE_SIZE: number(['MAX_QUEUED_JOBS', 'TENANT_MAX_QUEUED_JOBS']),
  CALLBACKS_TIMEOUT: number('WEBHOOK_TIMEOUT_MS', SECOND),
  CALLBACKS_MAX_TRIES: none('a webhook is tried ten times'),
  ENABLE_CALLBACKS: alwaysOn('webhooks: WEBHOOK_ALLOW and WEBHOOK_DENY say where they may lead;'),
  ALLOW_ORIGIN: origins,
  DISALLOW_ORIGIN: none('only origins in ALLOWED_ORIGINS may call'),
  ALLOW_IP: ADDRESSES,
  DISALLOW_IP: ADDRESSES,
  AUTHN_TOKEN: () => ({
    settings: { AUTH: 'required' },
    note: 'tokens are not taken over: make a key for each user with "npx runyard keys create --name NAME --tenant TENANT"; it goes where the token went',
  }),
  AUTHN_HEADER: none('keys go into X-Auth-Token, X-API-Key or Authorization'),
  AUTHZ_TOKEN: none(
    'make a key with the scope admin: "npx runyard keys create --name NAME --tenant TENANT --scope admin"',
  ),
  AUTHZ_HEADER: none('keys go into X-Auth-User, X-API-Key or Authorization'),
  ENABLE_WAIT_RESULT: alwaysOn('waiting for a result'),
  ENABLE_COMPILER_OPTIONS: alwaysOn('compiler options'),
  ALLOWED_LANGUAGES_FOR_COMPILER_OPTIONS: none('compiler options are allowed for all compiled languages'),
  ENABLE_COMMAND_LINE_ARGUMENTS: alwaysOn('arguments'),
  ENABLE_SUBMISSION_DELETE: alwaysOff('submissions are not deleted; results end by RESULT_TTL_SECONDS'),
  ENABLE_BATCHED_SUBMISSIONS: alwaysOn('batches'),
  MAX_SUBMISSION_BATCH_SIZE: (value) =>
    value === '20' ? { settings: {} } : { why: 'a batch has at most 20 at /judge0, and 100 at /v1/batches' },
  ENABLE_ADDITIONAL_FILES: alwaysOn('additional files'),
  MAX_EXTRACT_SIZE: none('the files of a job have at most 1 MiB (MAX_CODE_BYTES), and larger ones are uploaded'),
  SUBMISSION_CACHE_DURATION: none('answers are not cached'),
  NUMBER_OF_RUNS: none('a submission runs once unless it says otherwise'),
  MAX_NUMBER_OF_RUNS: none('number_of_runs is at most 20'),
  REDIRECT_STDERR_TO_STDOUT: alwaysOff('both streams are kept apart unless a submission says otherwise'),
  ENABLE_PER_PROCESS_AND_THREAD_TIME_LIMIT: alwaysOff('limits hold for a whole program'),
  ALLOW_ENABLE_PER_PROCESS_AND_THREAD_TIME_LIMIT: none('limits hold for a whole program'),
  ENABLE_PER_PROCESS_AND_THREAD_MEMORY_LIMIT: alwaysOff('limits hold for a whole program'),
  ALLOW_ENABLE_PER_PROCESS_AND_THREAD_MEMORY_LIMIT: none('limits hold for a whole program'),
  ALLOW_ENABLE_NETWORK: alwaysOff('programs have no network'),
  ENABLE_NETWORK: alwaysOff('programs have no network'),
  DISABLE_IMPLICIT_BASE64_ENCODING: none('base64_encoded is false unless a client says otherwise'),
  MAINTENANCE_MODE: alwaysOff('stop the workers: jobs wait meanwhile'),
  MAINTENANCE_MESSAGE: none('there is no such mode'),
  USE_DOCS_AS_HOMEPAGE: none('the playground is the first page'),
  JUDGE0_TELEMETRY_ENABLE: alwaysOff('nothing is reported to anybody'),
  RESTART_MAX_TRIES: none('systemd or a container engine restarts it'),
  INTERVAL: none('workers are told of a job at once'),
  REDIS_HOST: OWN_REDIS,
  REDIS_PORT: OWN_REDIS,
  REDIS_PASSWORD: OWN_REDIS,
  RESQUE_NAMESPACE: none('RUNYARD_NAMESPACE is the beginning of its keys'),
  ...Object.fromEntries(
    ['HOST', 'PORT', 'DB', 'DATABASE', 'USER', 'PASSWORD', 'ROOT_PASSWORD'].flatMap((name) =>
      ['POSTGRES', 'MYSQL'].map((of) => [`${of}_${name}`, OWN_DATABASE]),
    ),
  ),
  RAILS_ENV: RAILS,
  RAILS_MAX_THREADS: RAILS,
  RAILS_SERVER_PROCESSES: RAILS,
  SECRET_KEY_BASE: RAILS,
}
