import { useEffect, useState } from 'preact/hooks'
import { formatMs } from '../design/format.ts'

/** The time, anew every few seconds. */
function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

/** e.g. `just now`, `42 s ago`, `3 h ago`, `2026-11-20` */
export function formatAge(ms: number, at: string): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 2) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`
  return at.slice(0, 10)
}

export function Ago({ at }: { at: string }) {
  const now = useNow(1000)
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()} class="numeric">
      {formatAge(now - Date.parse(at), at)}
    </time>
  )
}

export function At({ at }: { at: string }) {
  return (
    <time dateTime={at} class="numeric">
      {new Date(at).toLocaleString()}
    </time>
  )
}

/** How long something took, or goes on. */
export function Took({ from, to }: { from: string | null; to: string | null }) {
  const now = useNow(1000)
  if (from === null) return <span class="faint">–</span>
  const ms = (to === null ? now : Date.parse(to)) - Date.parse(from)
  return <span class="numeric">{formatMs(Math.max(0, to === null ? Math.round(ms / 1000) * 1000 : ms))}</span>
}
