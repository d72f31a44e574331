import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
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
  const { value, ...rest } = usePolled(async () => ({ key, page: await read() }), everyMs, [key])
  const first = value?.page
  const polled = { ...rest, value: first }
  const [behind, setBehind] = useState<Page<T>>()
  const list = useRef(0)
  useEffect(() => {
    list.current++
    setBehind(undefined)
  }, [key])
  const { busy, run } = useAction()
  // What is new moves others from the first page to the second.
  const items = first && [
    ...first.items,
    ...(behind?.items.filter(({ id }) => !first.items.some((one) => one.id === id)) ?? []),
  ]
  // Until its own first page is there the one of the list before is shown, which nothing goes on behind.
  const cursor = value?.key === key ? ((behind ?? first)?.next ?? null) : null
  const add = async (after: string) => {
    const asked = list.current
    const page = await read(after)
    if (asked === list.current) setBehind((now) => ({ items: [...(now?.items ?? []), ...page.items], next: page.next }))
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
