/** Answers the questions of an execution, one at a time, while its events go on. */
export interface InputAnswers {
  /** Aborts with the call, and with why a question could not be answered. */
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
 * @param call of the call, if it has one
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
        if (!signal.aborted) await send(value, failure.signal)
      }
      // One that comes too late is refused, and missed by nobody.
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
