/**
 * What is loaded when it is first asked for. Those who ask meanwhile share the load; after one that failed, the next who asks tries
 * anew.
 * @returns throws, through its promise, what the load threw
 */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = undefined
      throw error
    }))
}
