import type { Redis } from 'ioredis'
import type { DeliveryState } from './delivery.ts'
import { readStates, readSummaries } from './read-summaries.ts'
import type { DeliverySummary } from './stored-delivery.ts'

export interface DeliveryQuery {
  limit: number
  /** `next` of the page before. */
  cursor?: string | undefined
  state?: DeliveryState | undefined
}

export interface DeliveryPage {
  /** Newest first. */
  deliveries: DeliverySummary[]
  /** Where the next page begins; null when there is none. A page may be short, or empty, and still have a next one. */
  next: string | null
}

/** So many records are looked at for one page when a state is asked for. */
const MAX_READ = 1000
const CHUNK = 100

interface Place {
  atMs: number
  id: string
}

/**
 * One page of a tenant's deliveries. A cursor tells the last place that was looked at, so that what comes and goes meanwhile
 * moves nothing. Of deliveries that are not on the page, nothing but their state is read.
 * @param key sorted set of ids by time
 * @param recordOf the key of a delivery's record
 * @throws RangeError when the cursor is not one
 */
export async function listDeliveries(
  redis: Redis,
  key: string,
  recordOf: (id: string) => string,
  { limit, cursor, state }: DeliveryQuery,
): Promise<DeliveryPage> {
  const ids: string[] = []
  const page = async (next: Place | undefined): Promise<DeliveryPage> => {
    const found = await readSummaries(redis, recordOf, ids)
    return { deliveries: found.flatMap((one) => one ?? []), next: next ? formatCursor(next) : null }
  }
  let last = cursor === undefined ? undefined : parseCursor(cursor)
  for (let seen = 0; seen < MAX_READ;) {
    const room = limit - ids.length
    const places = (await placesAfter(redis, key, last)).slice(0, state === undefined ? room : CHUNK)
    if (places.length === 0) return page(undefined)
    const states = await readStates(
      redis,
      recordOf,
      places.map(({ id }) => id),
    )
    for (const [index, place] of places.entries()) {
      const found = states[index] ?? null
      if (found === null) await redis.zrem(key, place.id)
      else if (state === undefined || found === state) ids.push(place.id)
      last = place
      seen++
      if (ids.length < limit) continue
      const isMore = (await placesAfter(redis, key, last)).length > 0
      return page(isMore ? place : undefined)
    }
  }
  return page(last)
}

/** The next places in the list. Of those at the same ms the greater id comes first. */
async function placesAfter(redis: Redis, key: string, last: Place | undefined): Promise<Place[]> {
  for (let offset = 0; ; offset += CHUNK) {
    const flat = await redis.zrevrangebyscore(key, last?.atMs ?? '+inf', '-inf', 'WITHSCORES', 'LIMIT', offset, CHUNK)
    const places: Place[] = []
    for (let i = 0; i < flat.length; i += 2) places.push({ id: flat[i] ?? '', atMs: Number(flat[i + 1]) })
    const after = last === undefined ? places : places.filter(({ atMs, id }) => atMs < last.atMs || id < last.id)
    if (after.length > 0 || places.length < CHUNK) return after
  }
}

const formatCursor = ({ atMs, id }: Place): string => Buffer.from(`${atMs} ${id}`).toString('base64url')

function parseCursor(text: string): Place {
  const [, atMs, id] = /^(\d{1,15}) ([\w-]{1,128})$/.exec(Buffer.from(text, 'base64url').toString()) ?? []
  if (atMs === undefined || id === undefined) throw new RangeError('not a cursor')
  return { atMs: Number(atMs), id }
}
