/**
 * Asks at most once in so many ms; callers in between share the answer, and callers at once the question. A failure is not
 * kept.
 */
export function cacheFor<T>(maxAgeMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  let askedAt = 0
  return () => {
    if (answer === undefined || Date.now() - askedAt > maxAgeMs) {
      askedAt = Date.now()
      answer = ask().catch((error: unknown) => {
        answer = undefined
        throw error
      })
    }
    return answer
  }
}
