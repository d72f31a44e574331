import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useAction } from './act.ts'
import type { Page } from './api-types.ts'
import { type Polled, usePolled } from './use-polled.ts'

export interface Paged<T> {
  /** The first page. */
  polled: Polled<Page<T>>
  /** Of all pages that were asked for; undefined before there is one. */
  items: T[] | undefined
  /** A button that asks for the next page, where there is one. */
  older: ComponentChildren
}

/**
 * A list that is read page by page: its first page again and again, those behind it when they are asked for.
 * @param read answers the page behind a cursor, the first one without
 * @param key of the list: another one begins anew
 */
export function usePaged<T extends { id: string }>(
  read: (cursor?: string) => Promise<Page<T>>,
  everyMs: number,
  key: string,
): Paged<T> {
  const polled = usePolled(() => read(), everyMs, [key])
  const [behind, setBehind] = useState<Page<T>>()
  useEffect(() => setBehind(undefined), [key])
  const { busy, run } = useAction()
  const first = polled.value
  // What is new moves others from the first page to the second.
  const items = first && [
    ...first.items,
    ...(behind?.items.filter(({ id }) => !first.items.some((one) => one.id === id)) ?? []),
  ]
  const cursor = (behind ?? first)?.next ?? null
  const add = async (after: string) => {
    const page = await read(after)
    setBehind((now) => ({ items: [...(now?.items ?? []), ...page.items], next: page.next }))
    return undefined
  }
  const older = cursor !== null && (
    <p class="more">
      <button type="button" class="button" disabled={busy} onClick={() => void run(() => add(cursor))}>
        Show older
      </button>
    </p>
  )
  return { polled, items, older }
}
