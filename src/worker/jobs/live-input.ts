import type { Logger } from 'pino'
import { SECOND } from '../../shared/limits.ts'
import {
  BEFORE_ALL,
  INPUT_WINDOW_BYTES,
  type InputEntry,
  type JobInputs,
  type SignalName,
  SIGNALS,
} from '../../shared/redis/job-input.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import type { WakeUps } from '../../shared/redis/wake-ups.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** Brings what an interactive job is sent to its running stage. */
export interface Feed {
  /** So many more bytes of its input were taken by the program. */
  taken(bytes: number): void
  /** Nothing reaches the sandbox after this. */
  stop(): void
}

/**
 * Begins to feed a stage that is started in this same turn of the event loop: everything from the first message on, then as it
 * comes. The bytes that are read ahead of the program are at most what a job may be sent in all; in a job's first attempt,
 * the window.
 * @param before bytes of input that the stage has without it
 */
export type StartFeed = (sandbox: Pick<Sandbox, 'input' | 'endInput' | 'resize' | 'signal'>, before: number) => Feed

/** How much the program takes until the senders are told of it, in cost; less than the window, or they would wait for ever. */
const TELL_BYTES = INPUT_WINDOW_BYTES / 4
/** How finely it is noted what the program has taken, in cost. */
const MARK_BYTES = INPUT_WINDOW_BYTES / 64
const RETRY_MS = SECOND

export interface LiveInputOptions {
  inputs: Pick<JobInputs, 'read' | 'taken'>
  wakeUps: WakeUps
  keys: Pick<Keys, 'input'>
  log: Logger
}

/** @returns a function of a job and its attempt: signals sent to an earlier one are not repeated, input is */
export function createLiveInput({ inputs, wakeUps, keys, log }: LiveInputOptions) {
  return (jobId: string, attempt: number): StartFeed =>
    (sandbox, before) => {
      /** Once the program has taken `end` bytes, it has taken all messages up to `total`. */
      const marks: { from: number; total: number; end: number }[] = []
      let given = before
      let acknowledged = 0
      let done = 0
      let told = 0
      let last = BEFORE_ALL
      let reading = true
      let again = false
      let stopped = false
      let leave = () => {}
      let retry: NodeJS.Timeout | undefined

      const settle = () => {
        for (let mark = marks[0]; mark && mark.end <= acknowledged; mark = marks[0]) {
          done = mark.total
          marks.shift()
        }
        if (done - told < TELL_BYTES) return
        told = done
        inputs.taken(jobId, done).catch((err: unknown) => log.warn({ err, jobId }, 'room for input not published'))
      }

      const give = (entries: readonly InputEntry[]) => {
        let bytes: Buffer[] = []
        const flush = () => {
          if (bytes.length > 0) sandbox.input(Buffer.concat(bytes))
          bytes = []
        }
        for (const { kind, data, total, attempt: sentTo } of entries) {
          if (kind === 'stdin') bytes.push(data)
          else flush()
          if (kind === 'eof') sandbox.endInput()
          if (kind === 'resize') sandbox.resize(JSON.parse(data.toString()) as TerminalSize)
          if (kind === 'signal' && sentTo === attempt) sandbox.signal(SIGNALS[data.toString() as SignalName])
          if (kind === 'stdin') given += data.length
          const mark = marks.at(-1)
          if (mark && total - mark.from < MARK_BYTES) Object.assign(mark, { total, end: given })
          else marks.push({ from: total, total, end: given })
        }
        flush()
        settle()
      }

      const read = async () => {
        do {
          again = false
          for (let page = await inputs.read(jobId, last); page.length > 0; page = await inputs.read(jobId, last)) {
            // The sandbox may be another job's by now.
            if (stopped) return
            last = page.at(-1)?.id ?? last
            give(page)
          }
        } while (again)
        reading = false
      }
      const attemptTo = (begin: () => Promise<void>) => {
        begin().catch((err: unknown) => {
          if (stopped) return
          log.warn({ err, jobId }, 'input could not be read')
          retry = setTimeout(() => attemptTo(begin), RETRY_MS)
        })
      }
      const wake = () => {
        again = true
        if (reading || stopped) return
        reading = true
        attemptTo(read)
      }

      attemptTo(async () => {
        const end = await wakeUps.listen(keys.input(jobId), wake)
        if (stopped) return end()
        leave = end
        attemptTo(read)
      })

      return {
        taken(bytes) {
          acknowledged += bytes
          settle()
        },
        stop() {
          stopped = true
          clearTimeout(retry)
          leave()
        },
      }
    }
}

export type LiveInput = ReturnType<typeof createLiveInput>
