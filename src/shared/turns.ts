/**
 * Runs tasks of one key one after another, in the order they came; those of different keys at the same time.
 * A task that throws keeps none from its turn.
 */
export function createTurns(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (key, task) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(task, task)
    last.set(key, turn)
    return turn
  }
}
