import type { JobEvent, StageSummary } from '../../shared/job.ts'
import type { JobRecords } from '../../shared/redis/job-record.ts'
import type { OutputStream } from '../sandbox/sandbox.ts'
import { encodeText } from './output-text.ts'

/**
 * Publishes what one job does while it does it. The first output goes out at once; while a write is under way the next
 * output gathers, so a program that writes a byte at a time costs a few events, not one a byte. Output is bounded at its source,
 * therefore so is what can gather here.
 */
export interface EventPublisher {
  stageStarted(stage: string): void
  /** @param bytes not empty, cut between characters where they are text */
  output(stage: string, stream: OutputStream, bytes: Buffer): void
  stageEnded(stage: string, report: StageSummary): void
  /**
   * Ends it.
   * @returns the events that were not written yet: they go out with the result, in one step
   * @throws what Redis answered, when it refused one of those before
   */
  close(): Promise<JobEvent[]>
}

/** Least time between two writes of one job's output, in ms. */
const INTERVAL_MS = 10
/** Output of one stream that is joined into one event, in characters. */
const EVENT_CHARACTERS = 64 * 1024

export function createEventPublisher(records: JobRecords, id: string, attempt: number): EventPublisher {
  let pending: JobEvent[] = []
  let writing: Promise<void> | undefined
  let failure: unknown
  let timer: NodeJS.Timeout | undefined
  let lastWrite = 0
  let closed = false

  const send = () => {
    clearTimeout(timer)
    timer = undefined
    const events = pending
    pending = []
    writing = records
      .append(id, attempt, events)
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        writing = undefined
        lastWrite = Date.now()
        if (pending.length > 0) schedule()
      })
  }

  const schedule = () => {
    if (writing || timer || closed) return
    const wait = lastWrite + INTERVAL_MS - Date.now()
    if (wait <= 0) send()
    else timer = setTimeout(send, wait)
  }

  const add = (event: JobEvent) => {
    const last = pending.at(-1)
    if (last && isText(last) && isText(event) && joinable(last, event)) last.data.data += event.data.data
    else pending.push(event)
    schedule()
  }

  return {
    stageStarted: (stage) => add({ type: 'stage', data: { stage, phase: 'started' } }),
    output: (stage, stream, bytes) => add({ type: stream, data: { stage, ...encodeText(bytes) } }),
    stageEnded: (stage, report) => add({ type: 'stage', data: { stage, phase: 'ended', report } }),
    async close() {
      closed = true
      clearTimeout(timer)
      await writing
      if (failure !== undefined) throw failure
      return pending.splice(0)
    },
  }
}

type TextEvent = Extract<JobEvent, { type: 'stdout' | 'stderr' }>

function isText(event: JobEvent): event is TextEvent {
  return event.type === 'stdout' || event.type === 'stderr'
}

function joinable(last: TextEvent, next: TextEvent): boolean {
  return (
    last.type === next.type &&
    last.data.stage === next.data.stage &&
    last.data.encoding === 'utf-8' &&
    next.data.encoding === 'utf-8' &&
    last.data.data.length + next.data.data.length <= EVENT_CHARACTERS
  )
}
