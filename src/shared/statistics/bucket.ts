import { type Status, STATUSES } from '../job.ts'
import { add, type Histogram } from './histogram.ts'

/** How long a bucket of the statistics is. */
export const BUCKET_MS = 10_000

/** What happened in one stretch of time, over all workers. */
export interface Bucket {
  /** Jobs that ended, by how. */
  outcomes: Partial<Record<Status, number>>
  /** From when a job was to begin at the earliest to its end; of jobs that ran. */
  latency: Histogram
  /** From when it was to begin at the earliest to its start. */
  wait: Histogram
  /** As last seen in it; undefined when nobody looked. */
  queued: number | undefined
  running: number | undefined
}

export const bucketOf = (ms: number): number => Math.floor(ms / BUCKET_MS) * BUCKET_MS

export const emptyBucket = (): Bucket => ({
  outcomes: {},
  latency: new Map(),
  wait: new Map(),
  queued: undefined,
  running: undefined,
})

/*
 * A bucket is a hash in Redis, of counts that many add to: `s:STATUS`, `l:BIN`, `w:BIN`; and of what was seen last: `queued`,
 * `running`.
 */

export function bucketFields({ outcomes, latency, wait }: Bucket): [field: string, count: number][] {
  return [
    ...Object.entries(outcomes).map(([status, count]): [string, number] => [`s:${status}`, count]),
    ...[...latency].map(([bin, count]): [string, number] => [`l:${bin}`, count]),
    ...[...wait].map(([bin, count]): [string, number] => [`w:${bin}`, count]),
  ]
}

export function parseBucket(fields: Record<string, string>): Bucket {
  const bucket = emptyBucket()
  for (const [field, text] of Object.entries(fields)) {
    const count = Number(text)
    const name = field.slice(2)
    if (field === 'queued' || field === 'running') bucket[field] = count
    else if (field.startsWith('l:')) add(bucket.latency, Number(name), count)
    else if (field.startsWith('w:')) add(bucket.wait, Number(name), count)
    else if (isStatus(name)) bucket.outcomes[name] = count
  }
  return bucket
}

const isStatus = (text: string): text is Status => (STATUSES as readonly string[]).includes(text)
