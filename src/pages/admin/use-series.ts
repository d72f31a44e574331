import { useRef } from 'preact/hooks'
import type { Api } from './api.ts'
import type { SeriesPoint, Span } from './api-types.ts'
import { type Polled, usePolled } from './use-polled.ts'

export interface SeriesView {
  bucketSeconds: number
  /** One for each stretch of time up to now, also where nothing was noted: undefined there. */
  times: number[]
  points: (SeriesPoint | undefined)[]
  /** Of how many seconds each has the jobs: of all, but for the last, which goes on. */
  spans: number[]
  /** Of the last minute: whole stretches, without the one that is going on. */
  minute: Span
  /** Of the whole range. */
  total: Span
}

const OFTEN_MS = 2000
const SELDOM_MS = 15_000
const MINUTE = 60
/** Jobs are counted within so long of their end. */
const LATE_SECONDS = 1

/** How it went up to now: all of it now and then, its end every two seconds. */
export function useSeries(api: Api, seconds: number): Polled<SeriesView> {
  const known = useRef(new Map<number, SeriesPoint>())
  const whole = useRef({ at: 0, seconds: 0, total: undefined as Span | undefined })
  return usePolled(
    async () => {
      const isWhole = whole.current.seconds !== seconds || Date.now() - whole.current.at > SELDOM_MS
      const [all, last] = await Promise.all([isWhole ? api.series(seconds) : undefined, api.series(MINUTE)])
      if (all) {
        known.current = new Map(all.points.map((point) => [Date.parse(point.at), point]))
        whole.current = { at: Date.now(), seconds, total: all.total }
      }
      for (const point of last.points) known.current.set(Date.parse(point.at), point)
      const bucketMs = last.bucketSeconds * 1000
      // By the clock of the gateway: that of the browser may be wrong.
      const now = Date.parse(last.at)
      const end = Math.floor(now / bucketMs) * bucketMs
      const times = Array.from({ length: (seconds * 1000) / bucketMs }, (_, index) => end - ((seconds * 1000) / bucketMs - 1 - index) * bucketMs) // prettier-ignore
      return {
        bucketSeconds: last.bucketSeconds,
        times,
        points: times.map((at) => known.current.get(at)),
        spans: times.map((at) => Math.min(last.bucketSeconds, (now - at) / 1000 - LATE_SECONDS)),
        minute: last.total,
        total: whole.current.total ?? last.total,
      }
    },
    OFTEN_MS,
    [api, seconds],
  )
}
