import type { Logger } from 'pino'
import { MIB } from '../../shared/limits.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import type { SessionRecords } from '../../shared/sessions/session-records.ts'

/**
 * Writes the events of one session, one write at a time: what comes while one is under way goes with the next, and output that follows
 * on output of the same stream becomes one event. The oldest events go when all of them are more than the bound.
 */
export interface EventWriter {
  add: (event: SessionEvent) => void
  /** Calls back when there is room for more: at once unless what waits is long. */
  whenRoom: (resume: () => void) => void
  /** Resolves when all that was added is written, or cannot be any more. */
  flush: () => Promise<void>
}

/** Events that are kept, in bytes of their data. */
const KEPT_BYTES = 8 * MIB
const PENDING_BYTES = MIB
/** Output that is joined into one event, in characters. */
const JOINED = 64 * 1024

/** @param ended is told, once, when the session turns out to have ended */
export function createEventWriter(
  records: Pick<SessionRecords, 'append' | 'forget'>,
  id: string,
  ended: () => void,
  log: Logger,
): EventWriter {
  let pending: SessionEvent[] = []
  /** Of each of them, in bytes. */
  let sizes: number[] = []
  let pendingBytes = 0
  let writing: Promise<void> | undefined
  let isOver = false
  let waiting: (() => void)[] = []
  const kept: { id: string; bytes: number }[] = []
  let keptBytes = 0

  const note = async (ids: readonly string[], sizes: readonly number[]) => {
    for (const [index, event] of ids.entries()) {
      const bytes = sizes[index] ?? 0
      kept.push({ id: event, bytes })
      keptBytes += bytes
    }
    const old: string[] = []
    // The last one stays: a reader learns from it that others have gone.
    while (keptBytes > KEPT_BYTES && kept.length > 1) {
      const first = kept.shift()
      if (!first) break
      keptBytes -= first.bytes
      old.push(first.id)
    }
    if (old.length > 0) await records.forget(id, old)
  }

  const write = async () => {
    while (pending.length > 0 && !isOver) {
      const events = pending
      const bytes = sizes
      pending = []
      sizes = []
      pendingBytes = 0
      try {
        const ids = await records.append(id, events)
        if (ids) await note(ids, bytes)
        else {
          isOver = true
          ended()
        }
      } catch (err) {
        log.error({ err, sessionId: id }, 'events of a session not written')
      }
      for (const resume of waiting.splice(0)) resume()
    }
    if (isOver) pending = []
    writing = undefined
  }

  return {
    add(event) {
      if (isOver) return
      const bytes = sizeOf(event)
      if (join(pending, event)) sizes[pending.length - 1] = (sizes[pending.length - 1] ?? 0) + bytes
      else sizes[pending.push(event) - 1] = bytes
      pendingBytes += bytes
      // In a turn of its own, so that what comes at once goes together.
      writing ??= Promise.resolve().then(write)
    },
    whenRoom(resume) {
      if (pendingBytes < PENDING_BYTES || isOver) resume()
      else waiting.push(resume)
    },
    async flush() {
      while (writing) await writing
    },
  }
}

const sizeOf = ({ data }: SessionEvent): number =>
  'data' in data && typeof data.data === 'string' ? data.data.length : JSON.stringify(data).length

/** Whether it was added to the last of these. */
function join(pending: SessionEvent[], event: SessionEvent): boolean {
  const last = pending.at(-1)
  if (!last || (event.type !== 'stdout' && event.type !== 'stderr') || last.type !== event.type) return false
  const { data } = event
  if (last.data.execution !== data.execution || last.data.command !== data.command) return false
  if (last.data.dataBase64 !== undefined || data.dataBase64 !== undefined) return false
  if (last.data.data.length + data.data.length > JOINED) return false
  pending[pending.length - 1] = { type: last.type, data: { ...last.data, data: last.data.data + data.data } }
  return true
}
