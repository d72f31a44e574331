import { RunyardError } from '../../client/client.ts'

/** What ends something that runs in a session. */
export interface Ending {
  /** Asks it to end, and touches nothing else of the session. */
  interrupt: () => Promise<unknown>
  /** Ends what does not heed that. */
  kill: () => Promise<unknown>
  /** What `kill` does, for people: "kills it". */
  killing: string
}

/** @returns what Ctrl-C does while it runs: the first time it interrupts, then it kills */
export function ctrlC({ interrupt, kill, killing }: Ending, note: (text: string) => void): () => void {
  let isInterrupted = false
  return () => {
    const work = isInterrupted ? kill() : interrupt()
    if (!isInterrupted) note(`interrupted; Ctrl-C again ${killing}`)
    isInterrupted = true
    work.catch((error: unknown) => note(error instanceof RunyardError ? error.detail : String(error)))
  }
}
