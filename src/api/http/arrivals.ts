import { Problem, type ProblemCode, RETRY_SOON } from '../../shared/problems.ts'

/** Bounds what long bodies hold in memory until they are dealt with. */
export interface Arrivals {
  /**
   * @param bytes that may come
   * @returns a function that gives the room back
   * @throws Problem while there is no room for so many: `too-many-open` for others of the tenant's, `unavailable` for all
   */
  enter(tenant: string, bytes: number): () => void
}

/**
 * @param mostBytes of all bodies; those of one tenant may have half of it, so that no one keeps the others out. A body that comes alone has room
 *   however long it is
 */
export function createArrivals(mostBytes: number): Arrivals {
  const ofTenants = new Map<string, number>()
  let all = 0
  const count = (tenant: string, by: number) => {
    all += by
    const own = (ofTenants.get(tenant) ?? 0) + by
    if (own > 0) ofTenants.set(tenant, own)
    else ofTenants.delete(tenant)
    return own
  }
  return {
    enter(tenant, bytes) {
      const own = ofTenants.get(tenant) ?? 0
      const isFull = (held: number, most: number) => held > 0 && held + bytes > most
      if (isFull(own, mostBytes / 2))
        throw full('too-many-open', 'the gateway is receiving as many large requests of yours as you may send at once')
      if (isFull(all, mostBytes))
        throw full('unavailable', 'the gateway is receiving as many large requests as its memory allows')
      count(tenant, bytes)
      return () => void count(tenant, -bytes)
    },
  }
}

const full = (code: ProblemCode, what: string) =>
  new Problem(code, `${what}; try again in ${RETRY_SOON['Retry-After']} s`, {
    headers: RETRY_SOON,
    isRefusal: true,
  })
