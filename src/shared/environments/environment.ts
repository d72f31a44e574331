import Type, { type Static } from 'typebox'
import { ECOSYSTEM_NAMES } from '../ecosystem-names.ts'
import { orNull } from '../schema.ts'

/** Where an environment is. `ready` and `failed` are ends. */
export const ENVIRONMENT_STATES = ['queued', 'building', 'ready', 'failed'] as const

/** Why packages cannot be had. Each is also the code of a problem. */
export const ENVIRONMENT_FAULTS = [
  'package-not-allowed',
  'package-too-new',
  'package-needs-build',
  'package-unknown',
  'environment-too-large',
  'environment-failed',
  'environments-full',
] as const
export type EnvironmentFault = (typeof ENVIRONMENT_FAULTS)[number]

export const EnvironmentError = Type.Object({
  code: Type.Enum(ENVIRONMENT_FAULTS),
  detail: Type.String({
    description: 'for people: what is wrong, in the words of the resolver where it is its to say',
  }),
})
export type EnvironmentError = Static<typeof EnvironmentError>

export const LockedPackage = Type.Object({ name: Type.String(), version: Type.String() })
export type LockedPackage = Static<typeof LockedPackage>

/** A runtime with a locked set of packages, as it is kept. */
const KeptEnvironment = Type.Object({
  id: Type.String({ format: 'uuid', description: 'a UUID of version 7' }),
  language: Type.String(),
  version: Type.String({ description: 'of the language' }),
  dependencies: Type.Array(Type.String(), { description: 'what was asked for' }),
  state: Type.Enum(ENVIRONMENT_STATES),
  progress: orNull(Type.String({ description: 'what is being done, e.g. `installing numpy 2.3.1`' })),
  error: orNull(EnvironmentError),
  lock: orNull(
    Type.String({ description: 'names, versions and hashes; submitted as a manifest it gives the same packages' }),
  ),
  packages: Type.Array(LockedPackage, { description: 'those of the lock' }),
  bytes: orNull(Type.Integer({ description: 'on the disk' })),
  files: orNull(Type.Integer()),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  finishedAt: orNull(Type.String({ format: 'date-time' })),
})
export type KeptEnvironment = Static<typeof KeptEnvironment>

/** Whether it is at one of its ends. */
export const isOver = ({ state }: Pick<KeptEnvironment, 'state'>): boolean => state === 'ready' || state === 'failed'

/** The same as those see it that asked for it. */
export const Environment = Type.Object({
  ...KeptEnvironment.properties,
  evictedAt: orNull(
    Type.String({
      format: 'date-time',
      description: 'since when it is ready and not installed: an operator removed it; the next use installs it again',
    }),
  ),
  ban: orNull(
    Type.String({
      description: 'why nobody can use it, though it is ready: an operator has banned one of its packages',
    }),
  ),
})
export type Environment = Static<typeof Environment>

/** One entry of an environment's event stream. `ready` or `failed` is the last. */
export const EnvironmentEvent = Type.Object({
  type: Type.Enum(['building', 'ready', 'failed'], { description: 'its state' }),
  data: Type.Pick(Environment, ['state', 'progress', 'error']),
})
export type EnvironmentEvent = Static<typeof EnvironmentEvent>

/** Who asked first, for operators. */
export const EnvironmentOrigin = Type.Object({
  tenant: Type.String(),
  keyId: orNull(Type.String()),
  address: Type.String(),
})
export type EnvironmentOrigin = Static<typeof EnvironmentOrigin>

/** All that is known of an environment. */
export interface EnvironmentRecord {
  view: KeptEnvironment
  /** Of the text of the manifest: requests with the same are one. */
  hash: string
  /** What is to be installed; empty once it is ready, and has a lock, or failed. */
  manifest: string
  firstAsked: EnvironmentOrigin
  /** Names what is installed by runtime, installer and lock: a folder on each host. */
  key?: string
  /** Of the file in the file store that has what is installed, for other hosts. */
  fileId?: string
}

/** What an operator does not let anybody have. */
export const PackageBan = Type.Object({
  ecosystem: Type.Enum(ECOSYSTEM_NAMES),
  name: Type.String({
    minLength: 1,
    maxLength: 214,
    pattern: '^(@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*([/:][A-Za-z0-9~][A-Za-z0-9._~-]*)*$',
  }),
  version: orNull(Type.String({ maxLength: 100, description: '`null`: every version' })),
  reason: Type.String({ maxLength: 500 }),
  bannedAt: Type.String({ format: 'date-time' }),
})
export type PackageBan = Static<typeof PackageBan>
