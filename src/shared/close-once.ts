/**
 * Makes an idempotent `close()` of steps that release resources. They run one after another in the order given (the reverse
 * of acquisition is the caller's to write); a step that fails does not keep the next from running.
 * @returns a function whose every caller gets the same promise
 * @throws AggregateError, through that promise, with the failures of all steps
 */
export function closeOnce(...steps: (() => unknown)[]): () => Promise<void> {
  let closing: Promise<void> | undefined
  const run = async () => {
    const failures: unknown[] = []
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 0) return
    const said = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))
    throw new AggregateError(failures, `closing failed: ${said.join('; ')}`)
  }
  return () => (closing ??= run())
}
