import { isUtf8 } from 'node:buffer'
import type { StageSummary, StageTest } from '../../shared/job.ts'
import type { JobEvent } from '../../shared/job-event.ts'
import type { JobLifeCycle } from '../../shared/jobs/job-life-cycle.ts'
import { textOf } from '../../shared/redis/stored-output.ts'
import type { OutputStream } from '../sandbox/sandbox.ts'

/**
 * Publishes what one job does while it does it. The first output goes out at once, or soon where somebody waits for the end and most
 * likely nobody looks: then a short job's output is written with its end. While a write is under way the next
 * output gathers, so a program that writes a byte at a time costs a few events, not one a byte. So does the beginning of a line,
 * for a moment: unbuffered, Python's `print` writes its line feed by itself. Output is bounded at its source, therefore so is what
 * can gather here.
 */
export interface EventPublisher {
  stageStarted(stage: string, test?: StageTest): void
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
/** From the first event to the first write where nobody looks, in ms: most jobs have ended by then. */
const SOON_MS = 25
/** Output of one stream that is joined into one event, in bytes. */
const EVENT_BYTES = 64 * 1024
const LINE_FEED = 0x0a

/** What has not been written: events, and output that may still grow. */
type Pending = JobEvent | { type: OutputStream; stage: string; valid: boolean; bytes: number; pieces: Buffer[] }

export function createEventPublisher(
  records: Pick<JobLifeCycle, 'append'>,
  id: string,
  attempt: number,
  first: 'at once' | 'soon' = 'at once',
): EventPublisher {
  let pending: Pending[] = []
  let writing: Promise<void> | undefined
  let failure: unknown
  let timer: NodeJS.Timeout | undefined
  let lastWrite = 0
  let additions = 0
  let closed = false

  const take = () => pending.splice(0).map(toEvent)

  const send = () => {
    clearTimeout(timer)
    timer = undefined
    writing = records
      .append(id, attempt, ++additions, take())
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
    if (writing || closed) return
    const wait = first === 'soon' && lastWrite === 0 ? SOON_MS : lastWrite + INTERVAL_MS - Date.now()
    if (wait <= 0) send()
    else timer ??= setTimeout(send, wait)
  }

  /** Soon: what comes right behind goes with it, in one step. */
  const scheduleSoon = () => {
    if (!writing && !closed) timer ??= setTimeout(send, first === 'soon' && lastWrite === 0 ? SOON_MS : INTERVAL_MS)
  }
  const add = (event: JobEvent) => {
    pending.push(event)
    scheduleSoon()
  }

  return {
    stageStarted: (stage, test) => add({ type: 'stage', data: { stage, phase: 'started', ...(test && { test }) } }),
    output(stage, stream, bytes) {
      const last = pending.at(-1)
      const valid = isUtf8(bytes)
      const joins =
        last &&
        'pieces' in last &&
        last.type === stream &&
        last.stage === stage &&
        last.valid &&
        valid &&
        last.bytes + bytes.length <= EVENT_BYTES
      if (joins) {
        last.pieces.push(bytes)
        last.bytes += bytes.length
      } else {
        pending.push({ type: stream, stage, valid, bytes: bytes.length, pieces: [bytes] })
      }
      if (bytes.at(-1) === LINE_FEED) schedule()
      else scheduleSoon()
    },
    stageEnded: (stage, report) => add({ type: 'stage', data: { stage, phase: 'ended', report } }),
    async close() {
      closed = true
      clearTimeout(timer)
      await writing
      if (failure !== undefined) throw failure
      return take()
    },
  }
}

function toEvent(entry: Pending): JobEvent {
  if (!('pieces' in entry)) return entry
  const { text, base64 } = textOf(Buffer.concat(entry.pieces))
  const exact = base64 !== undefined && { dataBase64: base64 }
  return { type: entry.type, data: { stage: entry.stage, data: text, ...exact, encoding: 'utf-8' } }
}
