import { RunyardError } from '../../client/client.ts'
import { SECOND } from '../../shared/limits.ts'

/** What ends something that runs in a session. */
export interface Ending {
  /** Asks it to end, and touches nothing else of the session. */
  interrupt: () => Promise<unknown>
  /** Ends what does not heed that. */
  kill: () => Promise<unknown>
  /** What `kill` does, for people: "kills it". */
  killing: string
}

/** What an interrupt has to be heeded: who presses the keys twice at once wants no more than that. */
const HEEDING_MS = SECOND

/**
 * @param now of a clock, in milliseconds
 * @returns what Ctrl-C does while it runs: it interrupts, and kills when that was passed on a second ago. What fails can be tried again
 */
export function ctrlC(
  { interrupt, kill, killing }: Ending,
  note: (text: string) => void,
  now: () => number = () => performance.now(),
): () => void {
  let isUnderWay = false
  /** When it was interrupted, or killed, last. */
  let endedAt: number | undefined
  const attempt = (work: Promise<unknown>) => {
    isUnderWay = true
    work.then(
      () => {
        isUnderWay = false
        endedAt = now()
      },
      (error: unknown) => {
        isUnderWay = false
        note(error instanceof RunyardError ? error.detail : String(error))
      },
    )
  }
  return () => {
    if (isUnderWay) return
    if (endedAt === undefined) {
      note(`interrupted; Ctrl-C again ${killing}`)
      attempt(interrupt())
    } else if (now() - endedAt >= HEEDING_MS) attempt(kill())
  }
}
