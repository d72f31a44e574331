import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, describeEnd } from './child.ts'

/** A program that runs: its process, and how it is ended in good order. */
export interface Running {
  readonly child: Child
  close(graceMs?: number): Promise<unknown>
}

/** A long-lived program that is started again when it ends without having been told to. */
export interface RestartingChild {
  /** The process that runs now, or ran last. */
  readonly child: Child
  /**
   * From now on it is started again whenever it ends: after half a second the first time, twice as long each time after that,
   * at most 30 s; once it has lived for a minute it counts from the beginning.
   * @param tell gets a line for a person for each end and each start
   */
  keepAlive(tell: (line: string) => void): void
  /** Ends it for good. Idempotent. */
  close(graceMs?: number): Promise<void>
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const STEADY_MS = 60_000

/**
 * @param start starts it; called again for each restart
 * @throws what the first start throws
 */
export async function startRestartingChild(start: () => Promise<Running>): Promise<RestartingChild> {
  let running = await start()
  const ending = new AbortController()
  let closing: Promise<void> | undefined
  let keeper: Promise<void> | undefined

  const startAgain = async (tell: (line: string) => void, firstPauseMs: number): Promise<number> => {
    const { name } = running.child
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      tell(`starting ${name} again in ${pauseMs / 1000} s`)
      await sleep(pauseMs, undefined, { signal: ending.signal })
      try {
        running = await start()
        tell(`${name} runs again (pid ${running.child.pid})`)
        return Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      } catch (error) {
        tell(`${name} could not be started: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }

  const keep = async (tell: (line: string) => void) => {
    let pauseMs = FIRST_PAUSE_MS
    while (!ending.signal.aborted) {
      const since = Date.now()
      const end = await running.child.ended
      if (ending.signal.aborted) return
      tell(`${running.child.name} ${describeEnd(end)} unexpectedly; its log is ${running.child.logFile}`)
      if (Date.now() - since > STEADY_MS) pauseMs = FIRST_PAUSE_MS
      pauseMs = await startAgain(tell, pauseMs)
    }
  }

  return {
    get child() {
      return running.child
    },
    keepAlive(tell) {
      keeper ??= keep(tell).catch((error: unknown) => {
        if (!ending.signal.aborted) throw error
      })
    },
    close(graceMs) {
      return (closing ??= (async () => {
        ending.abort()
        // One that is being started in this moment is there when the keeper has ended.
        const first = running
        await first.close(graceMs)
        await keeper
        if (running !== first) await running.close(graceMs)
      })())
    },
  }
}
