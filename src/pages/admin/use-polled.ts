import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { unreachable } from '../../client/http.ts'

export interface Polled<T> {
  value: T | undefined
  /** Of the last try, if that failed; the value is the last one there was. */
  problem: RunyardError | undefined
  /** When the value came, by this page's clock. */
  freshAt: number | undefined
  /** Asks now. */
  refresh: () => void
}

/** Who has not answered by then is not heard any more: numbers are not to look live while nobody answers. */
const ANSWER_MS = 10_000

/**
 * Asks again and again, one request at a time, while the page is seen. An answer to what is no longer asked is forgotten.
 * @param deps what the question depends on
 */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number, deps: readonly unknown[]): Polled<T> {
  const [value, setValue] = useState<T>()
  const [problem, setProblem] = useState<RunyardError>()
  const [freshAt, setFreshAt] = useState<number>()
  const now = useRef<() => void>(() => undefined)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    let turn = 0
    const look = async () => {
      clearTimeout(timer)
      const mine = ++turn
      const isStale = () => over || mine !== turn
      try {
        const answer = await answered(ask())
        if (isStale()) return
        setValue(answer)
        setFreshAt(Date.now())
        setProblem(undefined)
      } catch (error) {
        if (isStale()) return
        if (!(error instanceof RunyardError)) throw error
        setProblem(error)
      }
      if (document.visibilityState === 'visible') timer = setTimeout(run, everyMs)
    }
    const run = () => void look()
    const seen = () => document.visibilityState === 'visible' && run()
    now.current = run
    document.addEventListener('visibilitychange', seen)
    run()
    return () => {
      over = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, deps)
  const refresh = useCallback(() => now.current(), [])
  return { value, problem, freshAt, refresh }
}

/** @throws RunyardError when no answer has come in time */
async function answered<T>(asked: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(unreachable(location.origin, new Error(`no answer for ${ANSWER_MS / 1000} s`))),
      ANSWER_MS,
    )
  })
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}
