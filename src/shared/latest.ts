/** Values by their keys, of which so many are remembered: those that were put there last. */
export interface Latest<Key, Value> {
  get(key: Key): Value | undefined
  put(key: Key, value: Value): void
  delete(key: Key): void
}

/** @param most of them */
export function createLatest<Key, Value>(most: number): Latest<Key, Value> {
  const known = new Map<Key, Value>()
  return {
    get: (key) => known.get(key),
    delete: (key) => void known.delete(key),
    put(key, value) {
      // A map keeps a key where it was.
      known.delete(key)
      known.set(key, value)
      for (const oldest of known.keys()) {
        if (known.size <= most) break
        known.delete(oldest)
      }
    },
  }
}
