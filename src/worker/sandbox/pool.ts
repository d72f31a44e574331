import type { Logger } from 'pino'
import { closeOnce } from '../../shared/close-once.ts'
import { SECOND } from '../../shared/limits.ts'
import { type Allowance, type PoolBudget, SANDBOX_BYTES, shareBudget } from './pool-budget.ts'
import { createQuietPeriod } from './quiet-period.ts'
import { createPrioritySemaphore, type Urgency } from './priority-semaphore.ts'
import type { Sandbox } from './sandbox.ts'

/**
 * Sandboxes are either *ready* (made ahead, never used, anybody's), *bound* (idle between two jobs of one tenant) or *lent*
 * (a job runs in it). A job takes a bound one of its tenant, else a ready one, else waits for one to be made. Memory belongs to the
 * sandbox: ready ones have the standard limit, and a job with another takes a bound one with that limit, or has one made. Behind every
 * ready one that is taken another is made, so that a slot does not wait for the engine while demand is steady.
 *
 * All ready ones are prewarmed, and as many bound ones as there are slots, those that were used last, as far as the budget of memory
 * goes. Of those of one tenant the one that was used first is taken first, since its interpreter had the longest time to start.
 */
export interface PoolOptions {
  /** Makes a sandbox of this image with this much memory. */
  create(image: string, memoryBytes: number): Promise<Sandbox>
  reuse: 'tenant' | 'never'
  standardMemoryBytes: number
  /** Ready sandboxes kept for each image at the least. */
  ready: number
  /** Jobs that run at a time: also the most ready sandboxes of one image. */
  slots: number
  /** Of the memory of idle sandboxes; without it they hold what they take. */
  budget?: PoolBudget
  /** Keeps on the host what a sandbox of this image has mounted, from lending it until the returned function is called. */
  hold?: (image: string) => () => void
  /** What a sandbox may serve before it is replaced. */
  wear: { maxJobs: number; maxAgeMs: number }
  observer?: PoolObserver
  log: Logger
}

/**
 * Why a sandbox went: it had served its jobs or its time; the kernel had killed in it for memory; its job was not to share it; too
 * many stood bound; its image is not wanted any more; the pool closed; or it failed.
 */
export type RetireReason =
  | 'max-jobs'
  | 'max-age'
  | 'memory'
  | 'single-use'
  | 'surplus'
  | 'unwanted'
  | 'closed'
  | 'fault'

/** Told of every sandbox that was made, and once of each when it is gone. Must not throw. */
export interface PoolObserver {
  created: () => void
  retired: (reason: RetireReason) => void
}

export interface SandboxRequest {
  image: string
  memoryBytes: number
  tenant: string
  /** Whether the tenant's jobs may share a sandbox, one after another. */
  shareable: boolean
}

export interface Lease {
  sandbox: Sandbox
  /** Whether release can keep it; otherwise there is no use in clearing it first. */
  reusable: boolean
  /** Gives it back, idle and clean. */
  release(): void
  /** Gives it up: it is removed. @param reason `fault` unless given, or `single-use` where it could not be kept anyway */
  retire(reason?: RetireReason): void
}

export interface PoolCounts {
  ready: number
  bound: number
  lent: number
  making: number
  /** Of the ready and bound ones, those in which an interpreter waits: each is a process tree and its memory. */
  prewarmed: number
  /** What the ready and bound ones hold in memory, by what was measured of each language. */
  idleBytes: number
}

export interface SandboxPool {
  /**
   * @throws what `create` throws when one has to be made and cannot; PoolClosed
   */
  acquire(request: SandboxRequest): Promise<Lease>
  /** Keeps ready sandboxes for these images from now on, and for no others. */
  keepReady(images: readonly string[]): void
  /** Removes the idle sandboxes of images that nobody is to have any more. */
  discardIdle(isGone: (image: string) => boolean): void
  counts(): PoolCounts
  /** Removes every sandbox, lent ones too. */
  close(): Promise<void>
}

/** No sandbox is to be had any more: the worker is closing. */
export class PoolClosed extends Error {
  override readonly name = 'PoolClosed'
}

interface Waiter {
  resolve(sandbox: Sandbox): void
  reject(error: unknown): void
}

type Bound = Pick<SandboxRequest, 'tenant' | 'image' | 'memoryBytes'> & { sandbox: Sandbox }

/** Bound sandboxes kept for each slot: tenants and languages take turns, and an idle sandbox costs little memory. */
const BOUND_PER_SLOT = 4
/** How far back demand is looked at when deciding how many to keep ready. */
const DEMAND_WINDOW_MS = 30 * SECOND
/** Making one takes about so long; what was taken within it is what should have stood ready. */
const BURST_MS = SECOND
const UNLIMITED: PoolBudget = { bytes: Infinity, waitingBytes: () => 0 }
/** After a failure to make one ahead of need, the next try waits: the engine has trouble enough. */
const REFILL_RETRY_MS = 2 * SECOND
/** Containers made at a time: more only make each other slower. Of those nobody waits for it is one less. */
const MAKERS = 3
/** None is made ahead of need before so much time has passed since a job took a sandbox, or the patience is at its end. */
const QUIET_MS = 30
const PATIENCE_MS = 500

export function createSandboxPool(options: PoolOptions): SandboxPool {
  const { log, wear } = options
  const ready = new Map<string, Sandbox[]>()
  const waiters = new Map<string, Waiter[]>()
  const making = new Map<string, number>()
  const takes = new Map<string, number[]>()
  let bound: Bound[] = []
  const lent = new Set<Sandbox>()
  const wanted = new Set<string>()
  const makers = createPrioritySemaphore(MAKERS)
  const quiet = createQuietPeriod(QUIET_MS, PATIENCE_MS)
  let closed = false
  let retryTimer: NodeJS.Timeout | undefined

  const usable = (sandbox: Sandbox) => sandbox.jobs < wear.maxJobs && Date.now() - sandbox.createdAt < wear.maxAgeMs

  // Why each is being removed; of what went by itself nothing stands here.
  const reasons = new WeakMap<Sandbox, RetireReason>()
  const discard = (sandbox: Sandbox, reason: RetireReason) => {
    reasons.set(sandbox, reason)
    void sandbox.destroy()
  }
  const worn = (sandbox: Sandbox): RetireReason => (sandbox.jobs < wear.maxJobs ? 'max-age' : 'max-jobs')

  const create = async (image: string, memoryBytes: number): Promise<Sandbox> => {
    const sandbox = await options.create(image, memoryBytes)
    options.observer?.created()
    void sandbox.gone.then(() => options.observer?.retired(reasons.get(sandbox) ?? 'fault'))
    return sandbox
  }

  const idle = () => [...[...ready.values()].flat(), ...bound.map((item) => item.sandbox)]
  const makingOf = (image: string) => making.get(image) ?? 0
  const readyOf = (image: string) => listIn(ready, image)
  const waitersOf = (image: string) => listIn(waiters, image)

  const demandOf = (image: string) =>
    Math.min(options.slots, Math.max(options.ready, largestBurst(takes.get(image) ?? [])))

  const waitingBytes = (image: string) => options.budget?.waitingBytes(image) ?? 0
  const bytesOf = (image: string, sandbox: Sandbox) => SANDBOX_BYTES + (sandbox.prewarmed ? waitingBytes(image) : 0)
  const boundBytes = () => sum(bound.map(({ image, sandbox }) => bytesOf(image, sandbox)))
  const readyBytes = () => sum([...ready].flatMap(([image, list]) => list.map((one) => bytesOf(image, one))))

  /** How many ready ones of each image there should be within the budget: those there are too, after a burst. */
  const allowances = (): Map<string, Allowance> => {
    const demands = [...wanted].map((image) => ({
      image,
      count: Math.max(demandOf(image), readyOf(image).length),
      takenAt: takes.get(image)?.at(-1),
      isPrewarmed: readyOf(image).some((sandbox) => sandbox.prewarmed),
    }))
    const { budget = UNLIMITED } = options
    return shareBudget(budget, boundBytes(), demands, Date.now())
  }
  const target = (image: string): number => {
    if (closed || !wanted.has(image)) return 0
    return Math.min(demandOf(image), allowances().get(image)?.ready ?? 0)
  }

  /** Brings the ready ones within the budget: what waits in some ends, so that others are prewarmed. */
  const settle = () => {
    if (closed) return
    const allowed = allowances()
    const lists = [...ready].map(([image, list]) => ({ list, ...(allowed.get(image) ?? { ready: 0, prewarmed: 0 }) }))
    for (const { list, ready: most, prewarmed } of lists) {
      for (const sandbox of list.splice(most)) discard(sandbox, 'surplus')
      for (const sandbox of list.slice(prewarmed)) sandbox.discardPrewarmed()
    }
    for (const { list, prewarmed } of lists) for (const sandbox of list.slice(0, prewarmed)) sandbox.prewarm()
  }

  const refill = (image: string) => {
    const missing = target(image) - readyOf(image).length - makingOf(image)
    for (let i = 0; i < missing; i++) void make(image, 'later')
  }

  /** Makes one for whoever waits longest, else for the ready ones. */
  const make = async (image: string, urgency: Urgency) => {
    making.set(image, makingOf(image) + 1)
    try {
      if (urgency === 'later') await quiet.wait()
      if (closed && waitersOf(image).length === 0) return
      const sandbox = await makers.run(urgency, () => create(image, options.standardMemoryBytes))
      const waiter = waitersOf(image).shift()
      if (waiter) waiter.resolve(sandbox)
      else if (closed || !wanted.has(image)) discard(sandbox, closed ? 'closed' : 'unwanted')
      else shelve(image, sandbox)
    } catch (err) {
      const waiter = waitersOf(image).shift()
      if (waiter) waiter.reject(err)
      else if (!closed) log.error({ err, image }, 'sandbox could not be made ahead')
      retryLater()
    } finally {
      making.set(image, makingOf(image) - 1)
    }
  }

  const waitForOne = (image: string): Promise<Sandbox> =>
    new Promise((resolve, reject) => {
      const waiters = waitersOf(image)
      waiters.push({ resolve, reject })
      quiet.skip()
      if (waiters.length > makingOf(image)) void make(image, 'now')
    })

  const shelve = (image: string, sandbox: Sandbox) => {
    const list = readyOf(image)
    list.push(sandbox)
    settle()
    void sandbox.gone.then(() => {
      const index = list.indexOf(sandbox)
      if (index < 0) return
      list.splice(index, 1)
      retryLater()
    })
  }

  const retryLater = () => {
    if (closed) return
    retryTimer ??= setTimeout(() => {
      retryTimer = undefined
      for (const image of wanted) refill(image)
    }, REFILL_RETRY_MS)
  }

  const takeBound = (request: SandboxRequest): Sandbox | undefined => {
    const fits = ({ tenant, image, memoryBytes }: Bound) =>
      tenant === request.tenant && image === request.image && memoryBytes === request.memoryBytes
    const prewarmed = bound.findIndex((item) => item.sandbox.prewarmed && fits(item))
    const index = prewarmed < 0 ? bound.findLastIndex(fits) : prewarmed
    return index < 0 ? undefined : bound.splice(index, 1)[0]?.sandbox
  }

  const takeReady = (image: string): Sandbox | undefined => {
    const now = Date.now()
    takes.set(image, [...(takes.get(image) ?? []).filter((at) => now - at < DEMAND_WINDOW_MS), now])
    const list = readyOf(image)
    for (let sandbox = list.shift(); sandbox; sandbox = list.shift()) {
      if (usable(sandbox)) return sandbox
      discard(sandbox, worn(sandbox))
    }
    return undefined
  }

  /** As the last that was used, whose interpreter is likeliest to be wanted: others make room, the longest idle ones first. */
  const prewarmBound = ({ image, sandbox }: Bound) => {
    const most = (options.budget?.bytes ?? Infinity) - waitingBytes(image)
    if (bound.length * SANDBOX_BYTES > most) return
    const others = bound.filter((other) => other.sandbox !== sandbox && other.sandbox.prewarmed)
    for (const other of others) if (boundBytes() > most) other.sandbox.discardPrewarmed()
    sandbox.prewarm()
    settle()
  }

  const bind = (item: Bound) => {
    bound.push(item)
    prewarmBound(item)
    bound.at(-1 - options.slots)?.sandbox.discardPrewarmed()
    void item.sandbox.gone.then(() => {
      bound = bound.filter((other) => other !== item)
    })
    // The longest idle one makes room: its tenant has not come back.
    if (bound.length > options.slots * BOUND_PER_SLOT) {
      const oldest = bound.shift()
      if (oldest) discard(oldest.sandbox, 'surplus')
    }
  }

  const lease = (sandbox: Sandbox, request: SandboxRequest): Lease => {
    let ended = false
    const { tenant, image, memoryBytes, shareable } = request
    const letGo = options.hold?.(image)
    lent.add(sandbox)
    const end = (keep: boolean, reason: RetireReason) => {
      if (ended) return
      ended = true
      lent.delete(sandbox)
      letGo?.()
      if (keep && !closed && usable(sandbox)) bind({ tenant, image, memoryBytes, sandbox })
      else discard(sandbox, keep ? (closed ? 'closed' : worn(sandbox)) : reason)
      refill(image)
    }
    const reusable = shareable && options.reuse === 'tenant'
    return {
      sandbox,
      reusable,
      release: () => end(reusable, 'single-use'),
      retire: (reason = 'fault') => end(false, reusable ? reason : 'single-use'),
    }
  }

  return {
    async acquire(request) {
      if (closed) throw new PoolClosed('the sandbox pool is closed')
      quiet.disturb()
      const { image, memoryBytes } = request
      for (let sandbox = takeBound(request); sandbox; sandbox = takeBound(request)) {
        if (usable(sandbox)) return lease(sandbox, request)
        discard(sandbox, worn(sandbox))
      }
      const isStandard = memoryBytes === options.standardMemoryBytes
      if (!isStandard) return lease(await makers.run('now', () => create(image, memoryBytes)), request)
      const sandbox = takeReady(image) ?? (await waitForOne(image))
      refill(image)
      return lease(sandbox, request)
    },
    keepReady(images) {
      wanted.clear()
      for (const image of images) wanted.add(image)
      for (const [image, list] of ready) {
        if (!wanted.has(image)) list.splice(0).forEach((sandbox) => discard(sandbox, 'unwanted'))
      }
      for (const image of wanted) refill(image)
    },
    discardIdle(isGone) {
      const gone = bound.filter(({ image }) => isGone(image))
      bound = bound.filter((item) => !gone.includes(item))
      for (const { sandbox } of gone) discard(sandbox, 'unwanted')
      for (const [image, list] of ready)
        if (isGone(image)) list.splice(0).forEach((sandbox) => discard(sandbox, 'unwanted'))
    },
    counts: () => ({
      ready: sum([...ready.values()].map((list) => list.length)),
      bound: bound.length,
      lent: lent.size,
      making: sum([...making.values()]),
      prewarmed: idle().filter((sandbox) => sandbox.prewarmed).length,
      idleBytes: boundBytes() + readyBytes(),
    }),
    close: closeOnce(
      () => {
        closed = true
        clearTimeout(retryTimer)
        quiet.skip()
      },
      () => makers.idle(),
      async () => {
        const left = [...idle(), ...lent]
        for (const sandbox of left) reasons.set(sandbox, 'closed')
        await Promise.all(left.map((sandbox) => sandbox.destroy()))
      },
    ),
  }
}

/** The most takes within one burst's time: how many would have been wanted at once. */
function largestBurst(times: readonly number[]): number {
  let largest = 0
  for (let last = 0, first = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) > BURST_MS) first++
    largest = Math.max(largest, last - first + 1)
  }
  return largest
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
