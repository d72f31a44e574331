import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { JobSummary } from '../../shared/job.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { createEndWatch, type EndedJob, type EndWatch } from './end-watch.ts'

/**
 * Ends of the jobs that this gateway has submitted and waits for. Such a job says in its record who waits; its end is published
 * there, whoever ends it. One channel is listened on for as long as the gateway runs, so a job that is waited for costs no
 * subscription of its own.
 */
export interface Replies {
  /** What a job has to say (`JobSpec.replyTo`) for its end to come here. */
  readonly address: string
  /**
   * Begins to watch for a job's end; to be called before the job is queued.
   * @returns undefined while the channel is not listened on
   */
  watch(jobId: string): EndWatch | undefined
}

/**
 * @param subscriber a connection that only subscribes, shared with others
 * @param ended reads a job if it has ended: an end may have passed unseen while the connection was away
 */
export function createReplies(
  subscriber: Redis,
  keys: Keys,
  ended: (jobId: string) => Promise<JobSummary | undefined>,
): Replies {
  const address = randomBytes(12).toString('base64url')
  const channel = keys.replies(address)
  const watched = new Map<string, (job: EndedJob | undefined) => void>()
  let listening = false

  const listen = () => {
    // ioredis subscribes again by itself; this waits for that.
    subscriber.subscribe(channel).then(
      () => {
        listening = true
        for (const [id, end] of watched) ended(id).then(end, () => undefined)
      },
      () => undefined,
    )
  }
  subscriber.on('message', (from: string, message: string) => {
    if (from !== channel) return
    const space = message.indexOf(' ')
    watched.get(message.slice(0, space))?.(JSON.parse(message.slice(space + 1)) as EndedJob)
  })
  subscriber.on('close', () => {
    listening = false
  })
  subscriber.on('ready', listen)
  if (subscriber.status === 'ready') listen()

  return {
    address,
    watch(jobId) {
      if (!listening) return undefined
      const { watch, end } = createEndWatch(() => watched.delete(jobId))
      watched.set(jobId, end)
      return watch
    },
  }
}
