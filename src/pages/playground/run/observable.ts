import { useEffect, useState } from 'preact/hooks'

/** A value that components follow. */
export interface Observable<T> {
  get(): T
  subscribe(changed: () => void): () => void
}

/** @returns the value's own handle and the one function that changes it */
export function createObservable<T extends object>(initial: T): [Observable<T>, (changes: Partial<T>) => void] {
  let value = initial
  const followers = new Set<() => void>()
  const observable: Observable<T> = {
    get: () => value,
    subscribe(changed) {
      followers.add(changed)
      return () => followers.delete(changed)
    },
  }
  const change = (changes: Partial<T>) => {
    value = { ...value, ...changes }
    for (const changed of followers) changed()
  }
  return [observable, change]
}

export function useObservable<T>(observable: Observable<T>): T {
  const [value, setValue] = useState(() => observable.get())
  useEffect(() => {
    const follow = () => setValue(() => observable.get())
    follow()
    return observable.subscribe(follow)
  }, [observable])
  return value
}
