import type { Response } from 'express'
import { Problem, RETRY_SOON } from '../../shared/problems.ts'
import { unauthenticated } from './problems.ts'

/** What a response that stays open is ended by: its client went away, its key ended, the gateway closes. */
export type EndedBy = 'client' | 'key' | 'gateway'

/**
 * The responses of a gateway that stay open: event streams, sockets, requests that wait for a job. Each has a signal of its own, whose
 * `reason` is an EndedBy; nothing that outlives a response knows of it once it has closed. Work that goes on without its client is open
 * until it is done in place of that.
 */
export interface OpenResponses {
  /**
   * Lets a response stay open until it closes.
   * @param done of work that goes on without its client: it is open until this aborts, whether or not its response has closed
   * @throws Problem `too-many-open` when its tenant has as many as it may
   */
  admit: (res: Response, done?: AbortSignal) => AbortSignal
  /** The same for one that cannot be refused. It counts all the same. */
  watch: (res: Response) => AbortSignal
  /** How many are open. */
  readonly count: number
}

/**
 * @param closing aborts when the gateway closes
 * @param maxOfTenant how many one tenant may have open here
 */
export function createOpenResponses(closing: AbortSignal, maxOfTenant: number): OpenResponses {
  const controllers = new Set<AbortController>()
  const ofTenants = new Map<string, number>()
  closing.addEventListener('abort', () => {
    for (const controller of controllers) controller.abort('gateway' satisfies EndedBy)
  })
  const count = (tenant: string, by: number) => {
    const left = (ofTenants.get(tenant) ?? 0) + by
    if (left > 0) ofTenants.set(tenant, left)
    else ofTenants.delete(tenant)
  }

  const watch = (res: Response, done?: AbortSignal): AbortSignal => {
    const controller = new AbortController()
    const end = (by: EndedBy) => controller.abort(by)
    // It may have gone while its request was looked at.
    if (!done && (res.destroyed || res.closed)) end('client')
    if (closing.aborted) end('gateway')
    if (controller.signal.aborted) return controller.signal
    const { tenant } = res.locals.caller
    res.locals.isLongLived = true
    controllers.add(controller)
    count(tenant, 1)
    const leave = () => {
      controllers.delete(controller)
      count(tenant, -1)
      end('client')
    }
    if (done) done.addEventListener('abort', leave)
    else res.once('close', leave)
    res.locals.keyEnds(done)?.addEventListener('abort', () => end('key'))
    return controller.signal
  }

  return {
    admit(res, done) {
      const { tenant } = res.locals.caller
      if ((ofTenants.get(tenant) ?? 0) >= maxOfTenant) throw tooManyOpen(maxOfTenant)
      return watch(res, done)
    },
    watch: (res) => watch(res),
    get count() {
      return controllers.size
    },
  }
}

function tooManyOpen(most: number): Problem {
  return new Problem(
    'too-many-open',
    `you have ${most} open streams and waiting requests, the most that is allowed; close one first`,
    { headers: RETRY_SOON },
  )
}

/**
 * What comes of work that a response waits for, unless the key that was shown for it has ended by then.
 * @param signal of that response
 * @throws Problem `unauthenticated`, or what the work throws
 */
export async function whileKeyHolds<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const refuse = () => {
    if (signal.reason !== ('key' satisfies EndedBy)) return
    throw unauthenticated('the key was revoked or has expired meanwhile')
  }
  const result = await work.catch((error: unknown) => {
    refuse()
    throw error
  })
  refuse()
  return result
}
