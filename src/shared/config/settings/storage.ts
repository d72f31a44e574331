import { MIB } from '../../limits.ts'
import { inGroup, integer, type Setting, string } from './setting.ts'

export const STORAGE_SETTINGS: readonly Setting[] = inGroup('Storage', [
  {
    name: 'REDIS_URL',
    kind: string,
    default: '',
    description:
      '`redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS, `redis+sentinel://HOST:PORT,HOST:PORT/MASTER`, `redis+cluster://HOST:PORT,HOST:PORT` (`rediss+sentinel://`, `rediss+cluster://` with TLS), or `unix:///path`. Empty: `npm start` runs its own Redis in the data directory.',
  },
  {
    name: 'REDIS_PASSWORD_FILE',
    kind: string,
    default: '',
    description: 'File with the password of Redis, in place of one in `REDIS_URL`.',
  },
  {
    name: 'REDIS_SENTINEL_PASSWORD_FILE',
    kind: string,
    default: '',
    description: 'File with the password of the sentinels themselves.',
  },
  {
    name: 'REDIS_TLS_CA_FILE',
    kind: string,
    default: '',
    description: 'File with the certificates (PEM) of authorities to trust for Redis. Empty: those of Node.',
  },
  {
    name: 'REDIS_TLS_CERT_FILE',
    kind: string,
    default: '',
    description: 'File with the client certificate (PEM) for Redis.',
  },
  {
    name: 'REDIS_TLS_KEY_FILE',
    kind: string,
    default: '',
    description: 'File with the key (PEM) of that certificate.',
  },
  {
    name: 'REDIS_REPLICAS',
    kind: integer(0, 16),
    default: '0',
    description:
      'Replicas of Redis that must confirm a job before it is accepted. With fewer, submissions are answered 503. With 0, the newest jobs may be lost when a replica takes over, because Redis replicates after it answers.',
  },
  {
    name: 'RUNYARD_NAMESPACE',
    kind: string,
    default: 'runyard',
    description: 'Prefix of every Redis key and value of every container label, so that installations can share both.',
  },
  {
    name: 'RUNYARD_DATA_DIR',
    kind: string,
    default: '.runyard',
    description:
      "Folder of what `npm start` keeps: Redis's append-only file, logs, build stamps. Relative to the package.",
  },
  {
    name: 'RESULT_TTL_SECONDS',
    kind: integer(1),
    default: '86400',
    description: 'How long a finished job, its output and its events can be read.',
  },
  {
    name: 'TENANT_RESULTS_KEPT',
    kind: integer(1, 1e7),
    default: '100000',
    description: 'Finished jobs to keep for one tenant. Beyond it, the oldest expire early.',
  },
  {
    name: 'MAX_STORED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '4294967296',
    description:
      'Bytes of finished jobs to keep in Redis, with output, events and artifacts. Beyond it, the oldest expire early.',
  },
  {
    name: 'TENANT_MAX_STORED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '536870912',
    description: 'The same for one tenant.',
  },
  {
    name: 'KEEP_REQUESTS',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    description:
      '`on`: stores the request (code, input, environment) as long as the result, so that an operator can run a job again and its owner can read it (`keepRequest`). `off`: removes the request when the job ends.',
  },
  {
    name: 'ARTIFACT_MAX_BYTES',
    kind: integer(1, 2 ** 40),
    default: String(256 * MIB),
    description: 'Most bytes of artifacts to keep for one job, in total.',
  },
  {
    name: 'ARTIFACT_INLINE_BYTES',
    kind: integer(0, 256 * MIB),
    default: String(8 * MIB),
    description:
      "Most bytes of a job's artifacts to keep in Redis, beside its result. Artifacts beyond them become files of its tenant.",
  },
  {
    name: 'ARTIFACT_MAX_FILES',
    kind: integer(1, 1000),
    default: '64',
    description: 'Most artifacts to keep for one job.',
  },
])
