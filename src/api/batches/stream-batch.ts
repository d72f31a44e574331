import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { Batch } from '../../shared/batch.ts'
import { JobSummary } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import type { Batch as BatchRecord } from '../../shared/redis/batch-record.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf, type ServerSentEvent, sendEvents } from '../http/sse.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import { type BatchNeeds, hasEnded, jobsOf, ownBatch, viewOf } from './own-batch.ts'

export interface StreamBatchNeeds extends BatchNeeds {
  submission: JobSubmission
  open: OpenResponses
}

const BatchEvent = Type.Union([
  Type.Object({ type: Type.Literal('job'), data: JobSummary }),
  Type.Object({ type: Type.Literal('progress'), data: Batch.properties.counts }),
])

/** The longest between two looks at the jobs; and the least, for each that has not ended. */
const LOOK_MS = 2 * SECOND
const LEAST_MS = 200
const EACH_MS = 1

export const streamBatchEvents = defineRoute({
  method: 'get',
  path: '/v1/batches/:id/events',
  id: 'streamBatchEvents',
  tag: 'Batches',
  summary: 'Follow a batch',
  description:
    'Server-sent events: `job` with each job that has ended, without its output, and `progress` with how many jobs are in each state. The last ' +
    '`progress` has none that is queued or running. Every connection begins with the jobs that have ended already.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.batch },
  answers: {
    200: eventStreamOf(BatchEvent),
    204: { description: 'You have received the last `progress`; no more events follow.' },
  },
  headers: ['Last-Event-ID'],
  problems: ['too-many-open'],
  async handle(needs: StreamBatchNeeds, { req, res, params }) {
    const batch = await ownBatch(needs, res, params.id)
    // How a server tells an EventSource not to come back.
    if (req.get('last-event-id') === END_ID) return void res.status(204).end()
    if (req.method === 'HEAD') return void res.type('text/event-stream').end()
    const signal = needs.open.admit(res)
    await sendEvents(res, progressOf(needs, batch, signal), signal)
  },
})

const END_ID = 'end'

/** What becomes of a batch, until all of its jobs have ended or the signal aborts. */
async function* progressOf(
  needs: StreamBatchNeeds,
  batch: BatchRecord,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const told = new Map<string, JobSummary>()
  let last = ''
  while (!signal.aborted) {
    const rest = await jobsOf(needs, { ...batch, jobIds: batch.jobIds.filter((id) => !told.has(id)) })
    for (const job of rest) {
      if (job.status === null) continue
      told.set(job.id, job)
      yield { id: String(told.size), type: 'job', data: JSON.stringify(job) }
    }
    const view = viewOf(batch, [...told.values(), ...rest.filter(({ status }) => status === null)])
    const isOver = hasEnded(view)
    const data = JSON.stringify(view.counts)
    if (data !== last || isOver) yield { id: isOver ? END_ID : String(told.size), type: 'progress', data }
    if (isOver) return
    last = data
    const waiting = rest.filter(({ status }) => status === null)
    const next = waiting.find(({ state }) => state === 'running') ?? waiting[0]
    if (next) await needs.submission.waitForEnd(next.id, LOOK_MS, signal)
    await sleep(LEAST_MS + EACH_MS * waiting.length, undefined, { signal }).catch(() => undefined)
  }
}
