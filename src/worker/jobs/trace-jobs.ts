import type { JobSpec } from '../../shared/job.ts'
import { runtimeOf } from '../../shared/metrics/finished-jobs.ts'
import { QUEUE_NAME } from '../../shared/redis/keys.ts'
import { messagingAttributes } from '../../shared/tracing/messaging.ts'
import type { SpanOptions, Tracing } from '../../shared/tracing/tracing.ts'
import type { JobObserver } from './job-observer.ts'
import type { Processor } from './queue-worker.ts'

/** Each time a job is taken from the queue is a span that follows from what sent it. */
export function traceJobs(tracing: Tracing | undefined, process: Processor): Processor {
  if (!tracing) return process
  return (spec, turn) =>
    tracing.run(
      `process ${QUEUE_NAME}`,
      {
        kind: 'consumer',
        parent: spec.trace,
        attributes: {
          ...messagingAttributes(QUEUE_NAME, 'process', spec.head.id),
          'runyard.job.id': spec.head.id,
          'runyard.job.runtime': runtimeOf(spec.head),
        },
      },
      () => process(spec, turn),
    )
}

/** What happens to a job as spans below the one in which it was taken. They are made once they are over. */
export function jobSpans(tracing: Tracing): JobObserver {
  const past = (name: string, ms: number, options: SpanOptions = {}) => {
    const now = Date.now()
    tracing.start(name, { ...options, startMs: now - ms }).end(now)
  }
  return {
    started(spec, attempt) {
      tracing.current?.set({ 'runyard.job.attempt': attempt })
      if (attempt > 1) return
      // The gateway's clock may be another.
      past(`wait ${QUEUE_NAME}`, Math.max(0, Date.now() - Date.parse(spec.head.createdAt) - spec.delayMs), {
        parent: spec.trace,
      })
    },
    acquired: (_spec, ms) => past('acquire sandbox', ms),
    stageEnded(_spec: JobSpec, { name, status, exitCode, signal, wallMs, cpuMs, memoryPeakBytes }) {
      const attributes = {
        'runyard.stage.name': name,
        'runyard.stage.status': status,
        'runyard.stage.cpu_ms': cpuMs,
        'runyard.stage.memory_peak_bytes': memoryPeakBytes,
        'process.exit.code': exitCode ?? undefined,
        'runyard.stage.signal': signal ?? undefined,
      }
      const kind = name.startsWith('test ') ? 'test' : name
      past(`stage ${kind}`, wallMs, { attributes })
    },
    requeued: (_spec, reason) => tracing.current?.fail(reason),
    ended(_spec, status) {
      tracing.current?.set({ 'runyard.job.status': status })
      if (status === 'internal-error') tracing.current?.fail(status)
    },
  }
}
