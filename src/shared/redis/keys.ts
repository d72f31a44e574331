/** Names of everything Runyard keeps in Redis, all under one hash tag so that a cluster can hold them in one slot. */
export interface Keys {
  /** Given to BullMQ as its prefix. */
  readonly prefix: string
  /** Hash: head, tenant, state, startedAt, attempt, result. */
  job(id: string): string
  /** Stream of the job's events; also the name of the channel they are published on. */
  events(id: string): string
  /** Sorted set of worker ids by the time of their last heartbeat, in ms. */
  readonly workers: string
  /** JSON of what a worker is and has; lives as long as its heartbeat. */
  worker(id: string): string
  /** JSON of the runtimes some worker had last. */
  readonly runtimes: string
}

export const QUEUE_NAME = 'jobs'

export function createKeys(namespace: string): Keys {
  const prefix = `{${namespace}}`
  return {
    prefix,
    job: (id) => `${prefix}:job:${id}`,
    events: (id) => `${prefix}:events:${id}`,
    workers: `${prefix}:workers`,
    worker: (id) => `${prefix}:worker:${id}`,
    runtimes: `${prefix}:runtimes`,
  }
}
