import Type, { type Static } from 'typebox'
import { type Status, STATUSES } from './job.ts'
import { PoolCounts, WorkerInfo } from './redis/worker-registry.ts'
import { PRIORITIES } from './requests.ts'
import { orNull } from './schema.ts'

/** How the queue stands, for operators. */
export const QueueView = Type.Object({
  queued: Type.Integer(),
  delayed: Type.Integer(),
  running: Type.Integer(),
  finished: Type.Integer({ description: 'jobs whose results are stored' }),
  priorities: Type.Array(
    Type.Object({ priority: Type.Enum(PRIORITIES), queued: Type.Integer(), longestWaitMs: Type.Integer() }),
    { description: 'of the first 10,000 queued jobs' },
  ),
  waitingBytes: Type.Integer({ description: 'code and input of queued and delayed jobs' }),
  storedBytes: Type.Integer({ description: 'of stored results' }),
})
export type QueueView = Static<typeof QueueView>

/** What of Redis an operator looks at. */
export const RedisView = Type.Object({
  version: Type.String(),
  usedMemoryBytes: Type.Integer(),
  maxMemoryBytes: Type.Integer({ description: '0: no limit' }),
  clients: Type.Integer(),
  commandsPerSecond: Type.Integer(),
  uptimeSeconds: Type.Integer(),
})
export type RedisView = Static<typeof RedisView>

/** How all of it stands. */
export const AdminOverview = Type.Object({
  at: Type.String({ format: 'date-time' }),
  queue: QueueView,
  slots: Type.Integer({ description: 'jobs that all workers together can run at a time' }),
  pool: PoolCounts,
  workers: Type.Array(WorkerInfo, { description: 'live workers' }),
  redis: RedisView,
})
export type AdminOverview = Static<typeof AdminOverview>

const Times = Type.Object({
  p50: orNull(Type.Number()),
  p95: orNull(Type.Number()),
})
const span = {
  jobs: Type.Integer({ description: 'jobs that ended' }),
  outcomes: Type.Partial(Type.Object(Object.fromEntries(STATUSES.map((status) => [status, Type.Integer()])))),
  latencyMs: Times,
  waitMs: Times,
}
/** What happened in some stretch of time. Times are from when a job was to begin at the earliest to its end, and to its start. */
export const Span = Type.Object(span)
export interface Span {
  jobs: number
  outcomes: Partial<Record<Status, number>>
  latencyMs: Static<typeof Times>
  waitMs: Static<typeof Times>
}

export const SeriesPoint = Type.Object({
  at: Type.String({ format: 'date-time', description: 'when it begins' }),
  ...span,
  queued: Type.Union([Type.Integer(), Type.Null()], { description: 'the last value seen in this time' }),
  running: Type.Union([Type.Integer(), Type.Null()], { description: 'the last value seen in this time' }),
})
export interface SeriesPoint extends Span {
  at: string
  queued: number | null
  running: number | null
}

export const Series = Type.Object({
  at: Type.String({ format: 'date-time', description: 'the current time of the gateway' }),
  bucketSeconds: Type.Integer(),
  points: Type.Array(SeriesPoint, { description: 'oldest first; times without data are absent' }),
  total: Span,
})
export interface Series {
  at: string
  bucketSeconds: number
  points: SeriesPoint[]
  total: Span
}
