import { RunyardError } from './runyard-error.ts'

/** Answers the questions of an execution, one at a time, while its events go on. */
export interface InputAnswers {
  /** Aborts with the call, and with why a question could not be answered: no answer, or one that the service does not take. */
  readonly signal: AbortSignal
  /** Takes the place of a question that is open. */
  ask(prompt: string, password: boolean): void
  /** No answer is wanted any more. */
  close(): void
}

/** @param options.signal aborts when no answer is wanted any more: what is returned then is not sent */
export type OnInput = (prompt: string, options: { password: boolean; signal: AbortSignal }) => string | Promise<string>

/**
 * @param send takes an answer
 * @param call the signal of the call, if it has one
 */
export function createInputAnswers(
  onInput: OnInput,
  send: (value: string, signal: AbortSignal) => Promise<unknown>,
  call: AbortSignal | undefined,
): InputAnswers {
  const failure = new AbortController()
  const onAbort = () => failure.abort(call?.reason)
  if (call?.aborted) onAbort()
  else call?.addEventListener('abort', onAbort, { once: true })
  let question = new AbortController()
  return {
    signal: failure.signal,
    ask(prompt, password) {
      question.abort()
      const { signal } = (question = new AbortController())
      const answer = async () => {
        const value = await onInput(prompt, { password, signal })
        if (signal.aborted) return
        await send(value, failure.signal).catch((error: unknown) => {
          if (!isLate(error)) throw error
        })
      }
      answer().catch((error: unknown) => {
        if (!signal.aborted) failure.abort(error)
      })
    },
    close() {
      call?.removeEventListener('abort', onAbort)
      question.abort()
    },
  }
}

/** Whether nobody waits for the answer: the code has ended, or has one of somebody else. Its events tell which. */
const isLate = (error: unknown): boolean =>
  error instanceof RunyardError && (error.code === 'not-waiting' || error.code === 'not-found')
