import type { Redis } from 'ioredis'
import { SECOND } from '../../shared/limits.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'

/** Makes sure that what was written before is on replicas of Redis as well. */
export interface Replicas {
  /**
   * Resolves when enough of them have what any connection wrote until now.
   * @throws Problem `unavailable` when they do not in time
   */
  confirm: () => Promise<void>
}

const CONFIRM_MS = SECOND
const MARK_TTL_MS = 60 * SECOND

/** For an installation that asks for none. */
export const noReplicas: Replicas = { confirm: () => Promise.resolve() }

/**
 * Replication is one stream: replicas that have a mark have all that was written before it. Calls that come while one is under way share
 * the next, so that any number of them costs two marks at a time.
 * @param redis a `fail-fast` connection of its own, since `WAIT` holds up what comes behind it
 * @param mark key of the mark
 * @param count replicas that must have it
 */
export function createReplicas(redis: Redis, mark: string, count: number): Replicas {
  let next: Promise<void> | undefined
  let current: Promise<unknown> = Promise.resolve()

  const round = async (): Promise<void> => {
    await current.catch(() => undefined)
    next = undefined
    const asked = ask()
    current = asked
    await asked
  }
  const ask = async () => {
    const answers = await redis.pipeline().set(mark, '1', 'PX', MARK_TTL_MS).wait(count, CONFIRM_MS).exec()
    const [error, confirmed] = answers?.at(-1) ?? [queueUnavailable(), 0]
    if (error) throw error
    if (Number(confirmed) < count) {
      const detail = `only ${Number(confirmed)} of ${count} required replicas confirmed the job; try again shortly`
      throw new Problem('unavailable', detail, { headers: { 'Retry-After': '2' } })
    }
  }
  return { confirm: () => (next ??= round()) }
}
