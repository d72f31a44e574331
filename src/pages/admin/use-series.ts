import type { Api } from './api.ts'
import type { SeriesPoint, Span } from './api-types.ts'
import { type Polled, usePolled } from './use-polled.ts'

export interface SeriesView {
  /** Of how many seconds it is. */
  seconds: number
  /** One for each stretch of time up to now, also where nothing was noted: undefined there. */
  times: number[]
  points: (SeriesPoint | undefined)[]
  /** Of how many seconds each has the jobs: of all, but for the last, which goes on. */
  spans: number[]
  /** Of the whole range. */
  total: Span
}

/** Jobs are counted within so long of their end. */
const LATE_SECONDS = 1

/** How often it is asked for: a longer range is more to send, and moves less. */
const everyMs = (seconds: number) => (seconds <= 300 ? 2000 : seconds <= 900 ? 5000 : 10_000)

/** How it went in the last so many seconds, all of one answer. */
export function useSeries(api: Api, seconds: number): Polled<SeriesView> {
  return usePolled(
    async () => {
      const { at, bucketSeconds, points, total } = await api.series(seconds)
      const known = new Map(points.map((point) => [Date.parse(point.at), point]))
      const bucketMs = bucketSeconds * 1000
      // By the clock of the gateway: that of the browser may be wrong.
      const now = Date.parse(at)
      const end = Math.floor(now / bucketMs) * bucketMs
      const count = (seconds * 1000) / bucketMs
      const times = Array.from({ length: count }, (_, index) => end - (count - 1 - index) * bucketMs)
      return {
        seconds,
        times,
        points: times.map((time) => known.get(time)),
        spans: times.map((time) => Math.min(bucketSeconds, (now - time) / 1000 - LATE_SECONDS)),
        total,
      }
    },
    everyMs(seconds),
    [api, seconds],
  )
}
