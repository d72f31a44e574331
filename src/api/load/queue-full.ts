import { Problem } from '../../shared/problems.ts'
import type { QueueBounds, QueueLoad } from '../../shared/jobs/job-admission.ts'

/** Told when jobs do not end at present, so that nothing can be estimated. */
const UNKNOWN_SECONDS = 60
const MAX_SECONDS = 600
/** Those who are sent away come back when this part of the queue is free, and not all but one in vain. */
const ROOM = 0.1

/**
 * The answer to a submission for which the queue has no room: 503 when that is everybody's, 429 when it is the tenant's.
 * `Retry-After` is the time in which a tenth of the queue will be free, at the rate at which jobs ended lately; of a
 * tenant's part, at its share of that rate.
 * @param asked jobs, and bytes, that were to be accepted together
 */
export function queueFull(load: QueueLoad, bounds: QueueBounds, asked: { jobs: number; bytes: number }): Problem {
  const inBytes = load.full === 'bytes'
  const [most, tenantMost, more] = inBytes
    ? [bounds.maxQueuedBytes, bounds.tenantMaxQueuedBytes, asked.bytes]
    : [bounds.maxQueuedJobs, bounds.tenantMaxQueuedJobs, asked.jobs]
  const everybody = load.all + more > most
  const limit = everybody ? most : tenantMost
  const perSecond = load.sinceFirstEndMs > 0 ? (load.ended * 1000) / load.sinceFirstEndMs : 0
  const share = everybody ? 1 : 1 / Math.max(1, load.tenantsWaiting)
  // How many jobs those bytes are is not known; a tenth of the most jobs stands for them.
  const jobs = everybody ? bounds.maxQueuedJobs : bounds.tenantMaxQueuedJobs
  const seconds = perSecond === 0 ? UNKNOWN_SECONDS : Math.ceil(Math.max(1, jobs * ROOM) / (perSecond * share))
  const retryAfter = Math.min(seconds, MAX_SECONDS)
  const whose = everybody ? '' : ' of yours'
  const state = load.full === 'delayed' ? 'delayed' : 'waiting'
  const count = everybody ? load.all : load.tenants
  const what = inBytes ? `bytes of jobs${whose} are waiting` : `jobs${whose} are ${state}`
  return new Problem(
    everybody ? 'queue-full' : 'tenant-queue-full',
    `${count} ${what}${more > 1 ? `, this would be ${more} more` : ''}; the limit is ${limit}; try again in ${retryAfter} s`,
    { headers: { 'Retry-After': String(retryAfter) } },
  )
}
