import { useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { messageOf } from '../design/plain-detail.ts'
import { toast } from '../design/toasts.tsx'

export interface Action {
  busy: boolean
  /** Why the last one was refused, when that is told here. */
  problem: RunyardError | undefined
  /** @param work may say what was done. @returns whether it was */
  run: (work: () => Promise<string | undefined>) => Promise<boolean>
}

/**
 * Does something the operator asked for, one thing at a time.
 * @param refusals are told in passing, or left to who asked: a dialog hides what is told beside it
 */
export function useAction(refusals: 'toast' | 'here' = 'toast'): Action {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<RunyardError>()
  return {
    busy,
    problem,
    async run(work) {
      if (busy) return false
      setBusy(true)
      setProblem(undefined)
      try {
        const done = await work()
        if (done !== undefined) toast(done, 'good')
        return true
      } catch (error) {
        if (!(error instanceof RunyardError)) throw error
        if (refusals === 'here') setProblem(error)
        else toast(messageOf(error), 'bad')
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}
