import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Where the dashboard is: the part of the path behind `/admin`, e.g. `['jobs', 'ID']`. */
export type Route = readonly string[]

const MOVED = 'runyard:moved'

const current = (): Route => location.pathname.split('/').slice(2).filter(Boolean).map(decodeURIComponent)

/** Goes to a page of the dashboard, without loading anything anew. */
export function go(path: string): void {
  if (path !== location.pathname + location.search) history.pushState(null, '', path)
  dispatchEvent(new Event(MOVED))
}

export function useRoute(): Route {
  const [route, setRoute] = useState(current)
  useEffect(() => {
    const moved = () => setRoute(current())
    addEventListener('popstate', moved)
    addEventListener(MOVED, moved)
    return () => {
      removeEventListener('popstate', moved)
      removeEventListener(MOVED, moved)
    }
  }, [])
  return route
}

/** A link within the dashboard; with a key held it opens as links do. */
export function Link({
  to,
  children,
  ...rest
}: {
  to: string
  children: ComponentChildren
  class?: string
  title?: string
  'aria-current'?: 'page' | undefined
}) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(to)
  }
  return (
    <a href={to} onClick={follow} {...rest}>
      {children}
    </a>
  )
}
