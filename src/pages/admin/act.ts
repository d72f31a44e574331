import { useState } from 'preact/hooks'
import { ApiProblem } from '../client/api-problem.ts'
import { toast } from '../design/toasts.tsx'

/** Does something the operator asked for, one thing at a time; a refusal is told in passing. */
export function useAction(): { busy: boolean; run: (work: () => Promise<string | undefined>) => Promise<boolean> } {
  const [busy, setBusy] = useState(false)
  return {
    busy,
    async run(work) {
      if (busy) return false
      setBusy(true)
      try {
        const done = await work()
        if (done !== undefined) toast(done, 'good')
        return true
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        toast(error.message, 'bad')
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}
