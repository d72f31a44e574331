import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'bullmq'
import { closeOnce } from '../../shared/close-once.ts'
import { type ComparisonRecord, createComparisons, SIMILARITY_QUEUE_NAME } from '../../shared/judging/comparisons.ts'
import { type Comparison, isOver } from '../../shared/judging/similarity.ts'
import { SECOND } from '../../shared/limits.ts'
import type { WorkerCore } from '../core.ts'
import { startSlowQueue } from '../slow-queue.ts'
import type { Compare } from './compare-submissions.ts'

/** Compares the submissions of problems, one problem at a time. It needs no sandbox, so the engine may be away. */
export interface ComparisonQueue {
  start(): void
  /** What is under way goes to another worker. Idempotent. */
  close(): Promise<void>
}

const LOCK_MS = 30 * SECOND
const TELL_MS = SECOND / 2
/** Between two looks whether a comparison is still wanted. */
const ASK_MS = SECOND

/** A comparison that does not end by then, as Redis is away, is taken over when its lock has run out. */
const CLOSE_MS = 5 * SECOND

/** Its problem was deleted, or another comparison of it has begun. */
class Superseded extends Error {}

export function createComparisonQueue(
  { redis, keys, log }: Pick<WorkerCore, 'redis' | 'keys' | 'log'>,
  compare: Compare,
  lockMs = LOCK_MS,
): ComparisonQueue {
  const comparisons = createComparisons(redis, keys)
  const closing = new AbortController()
  let worker: Worker<{ problem: string }, null, 'compare'> | undefined

  /** Nothing to do for one that is gone or over. */
  const underWay = async (problem: string, id: string | undefined): Promise<ComparisonRecord | undefined> => {
    const record = await comparisons.read(problem)
    return record && record.view.id === id && !isOver(record.view) ? record : undefined
  }

  /** Tells those who ask how far it is, not too often. */
  const progressOf = (record: ComparisonRecord) => {
    let toldAt = -Infinity
    let askedAt = performance.now()
    let toldStep: string | undefined
    let isCurrent = true
    let writing: Promise<unknown> = Promise.resolve()
    const tell = (progress: NonNullable<Comparison['progress']>) => {
      Object.assign(record.view, { state: 'running', progress })
      const now = performance.now()
      if (progress.step === toldStep && now - toldAt < TELL_MS) return
      toldAt = now
      toldStep = progress.step
      const copy = structuredClone(record)
      writing = writing.then(async () => (isCurrent &&= await comparisons.update(copy))).catch(() => undefined)
    }
    const ask = async () => {
      const stored = await underWay(record.problem, record.view.id)
      isCurrent &&= stored !== undefined
    }
    const check = () => {
      closing.signal.throwIfAborted()
      const now = performance.now()
      if (now - askedAt >= ASK_MS) {
        askedAt = now
        void ask().catch(() => undefined)
      }
      if (!isCurrent) throw new Superseded('the problem is gone, or is compared anew')
    }
    return { tell, check, written: () => writing }
  }

  const run = async (record: ComparisonRecord): Promise<void> => {
    const { problem, view } = record
    const begun = performance.now()
    const { tell, check, written } = progressOf(record)
    const { compared, pairs } = await compare(record, tell, check).finally(written)
    Object.assign(view, { state: 'finished', progress: null, compared, finishedAt: new Date().toISOString() })
    await comparisons.update(record, pairs)
    log.info(
      { problem, compared, pairs: pairs.length, ms: Math.round(performance.now() - begun) },
      'submissions compared',
    )
  }

  /** We failed, as often as it is tried. */
  const giveUp = async (problem: string, id: string | undefined): Promise<void> => {
    const record = await underWay(problem, id)
    if (!record) return
    Object.assign(record.view, { state: 'failed', progress: null, finishedAt: new Date().toISOString() })
    await comparisons.update(record)
  }

  const startWorker = () =>
    startSlowQueue<{ problem: string }, 'compare'>(
      { redis, keys, log },
      {
        queue: SIMILARITY_QUEUE_NAME,
        lockMs,
        what: 'comparison of submissions',
        nameOf: ({ problem }) => ({ problem }),
        async work({ problem }, id) {
          const record = await underWay(problem, id)
          if (!record) return
          await run(record).catch((error: unknown) => {
            if (!(error instanceof Superseded)) throw error
          })
        },
        isLeaving: () => closing.signal.aborted,
        giveUp: ({ problem }, id) => giveUp(problem, id),
      },
    )

  return {
    start() {
      if (!closing.signal.aborted) worker ??= startWorker()
    },
    close: closeOnce(
      () => closing.abort(),
      async () => {
        const waited = new AbortController()
        const late = sleep(CLOSE_MS, undefined, { signal: waited.signal }).catch(() => undefined)
        await Promise.race([worker?.close(), late]).finally(() => waited.abort())
      },
    ),
  }
}
