import { SECOND } from '../../shared/limits.ts'
import { reasonOf } from '../service/explain.ts'

/** What ends something that runs in a session. */
export interface Ending {
  /** Asks it to end, and touches nothing else of the session. */
  interrupt: () => Promise<unknown>
  /** Ends what does not heed that. */
  kill: () => Promise<unknown>
  /** What `kill` does, for people: "kills it". */
  killing: string
}

export interface CtrlC {
  press: () => void
  /** It has ended: nothing is said of it any more. */
  close: () => void
}

/** What an interrupt has to be heeded: who presses the keys twice at once wants no more than that. */
const HEEDING_MS = SECOND
/** Who presses the keys later than this means what runs now, which may have heeded the last interrupt long ago: it is interrupted anew. */
const KILLING_MS = 10 * SECOND
/** So many interrupts in a row that could not be passed on are as good as one that could. */
const MOST_FAILURES = 2

/**
 * What Ctrl-C does while something runs: it interrupts, and kills when that was passed on 1 to 10 s ago, or cannot be passed on. What fails can be
 * tried again.
 * @param now of a clock, in milliseconds
 */
export function ctrlC(
  { interrupt, kill, killing }: Ending,
  note: (text: string) => void,
  now: () => number = () => performance.now(),
): CtrlC {
  let [isUnderWay, isClosed] = [false, false]
  /** When it was interrupted, or killed, last. */
  let endedAt: number | undefined
  let failures = 0
  const say = (text: string) => {
    if (!isClosed) note(text)
  }
  const attempt = async (work: () => Promise<unknown>, next: string) => {
    isUnderWay = true
    try {
      await work()
      endedAt = now()
      failures = 0
      if (next !== '') say(`interrupted; ${next}`)
    } catch (error) {
      failures++
      const why = reasonOf(error)
      say(failures < MOST_FAILURES || next === '' ? why : `${why}; ${next}`)
    } finally {
      isUnderWay = false
    }
  }
  return {
    press() {
      if (isUnderWay) return say('still waiting for the service to answer')
      const sinceMs = endedAt === undefined ? Infinity : now() - endedAt
      if (sinceMs < HEEDING_MS) return
      if (sinceMs <= KILLING_MS || failures >= MOST_FAILURES) return void attempt(kill, '')
      say('interrupting...')
      void attempt(interrupt, `Ctrl-C again ${killing}`)
    },
    close: () => void (isClosed = true),
  }
}
