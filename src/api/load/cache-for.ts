/** How old an answer may be, in ms. */
export interface MaxAge {
  /** Up to so old it is given as it is. */
  freshMs: number
  /** Up to so old it is given too, while the question is asked anew behind it. */
  staleMs: number
}

/**
 * Asks at most once at a time, and not again while the answer is fresh; callers in between share the answer, and callers at
 * once the question. A failure is not kept.
 * @param now ms since any moment
 */
export function cacheFor<T>(
  { freshMs, staleMs }: MaxAge,
  ask: () => Promise<T>,
  now: () => number = Date.now,
): () => Promise<T> {
  let answer: { value: T; at: number } | undefined
  let asking: Promise<T> | undefined
  const refresh = (): Promise<T> => {
    const at = now()
    asking ??= ask()
      .then((value) => {
        answer = { value, at }
        return value
      })
      .finally(() => (asking = undefined))
    return asking
  }
  return async () => {
    const age = answer ? now() - answer.at : Infinity
    if (answer && age >= 0 && age <= freshMs) return answer.value
    const asked = refresh()
    if (!answer || age < 0 || age > staleMs) return asked
    // Whoever asks when it has become too old learns of the failure.
    asked.catch(() => undefined)
    return answer.value
  }
}
