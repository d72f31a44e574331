import { availableParallelism } from 'node:os'
import { MAX_TIMER_MS, MINUTE } from '../../limits.ts'
import { inGroup, integer, type Setting } from './setting.ts'

/** For gateways and workers alike. */
export const ALL_PARTS_SETTINGS: readonly Setting[] = inGroup('All parts', [
  {
    name: 'TIMEOUT_FACTOR',
    kind: integer(1, 1000),
    default: '1',
    description:
      'Multiplies the time limits of a start, of calls to podman and of what gateways, workers and Redis have to answer each other, for a machine that is slow or emulated. Limits of jobs stay as they are.',
  },
])

export const WORKER_SETTINGS: readonly Setting[] = inGroup('Worker', [
  {
    name: 'WORKER_CONCURRENCY',
    kind: integer(1, 1024),
    default: String(availableParallelism()),
    description: 'Slots: jobs one worker runs at a time. The default is the number of processors.',
  },
  {
    name: 'INSTALL_ON_REQUEST',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    description:
      '`on`: this worker installs languages of `languages/` when an operator asks for them in the dashboard.',
  },
  {
    name: 'DRAIN_TIMEOUT_MS',
    kind: integer(0, MAX_TIMER_MS),
    default: '40000',
    description: 'How long a stopping worker waits for its running jobs. Jobs that are left run elsewhere.',
  },
])

export const SESSIONS_SETTINGS: readonly Setting[] = inGroup('Sessions', [
  {
    name: 'SESSIONS_MEMORY_BYTES',
    kind: { ...integer(0), isOptional: true },
    default: '',
    description:
      'Memory that the sessions of one worker may have together, the sum of their limits. Empty: half of the machine. 0: no sessions.',
  },
  {
    name: 'SESSION_IDLE_TIMEOUT_MS',
    kind: integer(1000, MAX_TIMER_MS),
    default: String(10 * MINUTE),
    description: 'After how long without use a session ends that asked for no other time.',
  },
  {
    name: 'SESSION_MAX_LIFETIME_MS',
    kind: integer(1000, MAX_TIMER_MS),
    default: String(24 * 60 * MINUTE),
    description:
      'The longest that a session may live or stand idle, and the CPU time that its processes may use in all, ms. A session that asks for no other time lives an hour, or this if it is less.',
  },
  {
    name: 'SESSION_POOL_READY',
    kind: integer(0, 100),
    default: '1',
    description:
      'Sessions with a started kernel that wait ready, of each language that had a session within the last hour. They give way when others need their memory.',
  },
  {
    name: 'TENANT_MAX_SESSIONS',
    kind: integer(1, 1e6),
    default: '10',
    description: 'Sessions of one tenant at a time.',
  },
])
