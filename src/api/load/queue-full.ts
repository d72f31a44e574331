import { Problem } from '../../shared/problems.ts'
import type { QueueBounds, QueueLoad } from '../../shared/redis/job-record.ts'

/** Told when jobs do not end at present, so that nothing can be estimated. */
const UNKNOWN_SECONDS = 60
const MAX_SECONDS = 600
/** Those who are sent away come back when this part of the queue is free, and not all but one in vain. */
const ROOM = 0.1

/**
 * The answer to a submission for which the queue has no room: 503 when that is everybody's, 429 when it is the tenant's.
 * `Retry-After` is the time in which a tenth of the queue will be free, at the rate at which jobs ended lately; of a
 * tenant's part, at its share of that rate.
 */
export function queueFull(load: QueueLoad, bounds: QueueBounds): Problem {
  const everybody = load.queued >= bounds.maxQueuedJobs
  const limit = everybody ? bounds.maxQueuedJobs : bounds.tenantMaxQueuedJobs
  const perSecond = load.sinceFirstEndMs > 0 ? (load.ended * 1000) / load.sinceFirstEndMs : 0
  const share = everybody ? 1 : 1 / Math.max(1, load.tenants - 1)
  const seconds = perSecond === 0 ? UNKNOWN_SECONDS : Math.ceil(Math.max(1, limit * ROOM) / (perSecond * share))
  const retryAfter = Math.min(seconds, MAX_SECONDS)
  const whose = everybody ? 'jobs are' : 'of your jobs are'
  return new Problem(
    everybody ? 'queue-full' : 'tenant-queue-full',
    `${everybody ? load.queued : load.tenantQueued} ${whose} waiting, and ${limit} may; try again in ${retryAfter} s`,
    { headers: { 'Retry-After': String(retryAfter) } },
  )
}
