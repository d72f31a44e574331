import { useEffect, useState } from 'preact/hooks'
import { useAction } from './act.ts'

/** What stands behind the first page of a list, as far as it was asked for. */
export interface More<T> {
  items: T[]
  /** Undefined before anything was asked for; null when there is no more. */
  next: string | null | undefined
  add: (page: { items: T[]; next: string | null }) => void
}

/** @param key of the list: another one begins anew */
export function useMore<T>(key: string): More<T> {
  const [state, setState] = useState<{ items: T[]; next: string | null | undefined }>({ items: [], next: undefined })
  useEffect(() => setState({ items: [], next: undefined }), [key])
  return {
    ...state,
    add: (page) => setState(({ items }) => ({ items: [...items, ...page.items], next: page.next })),
  }
}

export function MoreButton<T>({
  more,
  next,
  read,
}: {
  more: More<T>
  /** Where the first page ended. */
  next: string | null
  read: (cursor: string) => Promise<{ items: T[]; next: string | null }>
}) {
  const { busy, run } = useAction()
  const cursor = more.next === undefined ? next : more.next
  if (cursor === null) return null
  const add = async () => {
    more.add(await read(cursor))
    return undefined
  }
  return (
    <p class="more">
      <button type="button" class="button" disabled={busy} onClick={() => void run(add)}>
        Older ones
      </button>
    </p>
  )
}
