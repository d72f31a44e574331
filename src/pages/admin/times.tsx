import { useEffect, useState } from 'preact/hooks'
import { formatAge, formatMs, formatTime } from '../design/format.ts'

/** The time, anew every so often. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

/** A time, as all times of the dashboard stand. How long ago it was is shown to the pointer. */
export function At({ at }: { at: string }) {
  const ms = Date.parse(at)
  const age = useNow(30_000) - ms
  return (
    <time dateTime={at} title={age < 0 ? at : `${at}, ${formatAge(age)}`} class="numeric">
      {formatTime(ms)}
    </time>
  )
}

/** How long ago something was that comes again and again, such as a heartbeat. */
export function Ago({ at }: { at: string }) {
  const now = useNow(1000)
  return (
    <time dateTime={at} title={formatTime(Date.parse(at))} class="numeric">
      {formatAge(now - Date.parse(at))}
    </time>
  )
}

/** When something is due: `in 42 s (2026-11-28 18:13:16 UTC)` */
export function Due({ at }: { at: string }) {
  const left = Date.parse(at) - useNow(1000)
  return (
    <>
      {left < 1000 ? 'now' : `in ${formatMs(Math.round(left / 1000) * 1000)}`} (<At at={at} />)
    </>
  )
}

/** How long something took, or goes on. */
export function Took({ from, to }: { from: string | null; to: string | null }) {
  const now = useNow(1000)
  if (from === null) return <span class="faint">–</span>
  const ms = (to === null ? now : Date.parse(to)) - Date.parse(from)
  return <span class="numeric">{formatMs(Math.max(0, to === null ? Math.round(ms / 1000) * 1000 : ms))}</span>
}
