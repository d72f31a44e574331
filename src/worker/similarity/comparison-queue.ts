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

/** Its problem was deleted, or another comparison of it has begun. */
class Superseded extends Error {}

export function createComparisonQueue(
  { redis, keys, log }: Pick<WorkerCore, 'redis' | 'keys' | 'log'>,
  compare: Compare,
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
    let isCurrent = true
    let writing: Promise<unknown> = Promise.resolve()
    const tell = (progress: NonNullable<Comparison['progress']>) => {
      Object.assign(record.view, { state: 'running', progress })
      const now = performance.now()
      if (now - toldAt < TELL_MS) return
      toldAt = now
      const copy = structuredClone(record)
      writing = writing.then(async () => (isCurrent &&= await comparisons.update(copy))).catch(() => undefined)
    }
    const check = () => {
      closing.signal.throwIfAborted()
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
        lockMs: LOCK_MS,
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
      () => worker?.close(),
    ),
  }
}
