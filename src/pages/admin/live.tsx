import type { ComponentChildren } from 'preact'
import { formatTime } from '../design/format.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import type { Polled } from './use-polled.ts'

/**
 * What is asked for again and again. When an answer is missing, the last one stays, but grey and with its age told, so that nobody takes it
 * for the present.
 * @param of all that the content shows
 */
export function Live({ of, children }: { of: readonly Polled<unknown>[]; children: ComponentChildren }) {
  const failed = of.find(({ problem }) => problem !== undefined)
  const known = of.flatMap(({ value, freshAt }) => (value === undefined || freshAt === undefined ? [] : [freshAt]))
  const isStale = failed !== undefined && known.length > 0
  return (
    <>
      {failed?.problem &&
        (isStale ? (
          <Stale since={failed.freshAt ?? Math.min(...known)} title={failed.problem.title} />
        ) : (
          <ProblemNotice problem={failed.problem} />
        ))}
      <div class="live" data-stale={isStale || undefined}>
        {children}
      </div>
    </>
  )
}

function Stale({ since, title }: { since: number; title: string }) {
  return (
    <p class="notice warn" role="status">
      <strong>
        No data since{' '}
        <time dateTime={new Date(since).toISOString()} title={new Date(since).toISOString()}>
          {formatTime(since)}
        </time>
      </strong>
      <br />
      {title}. Reconnecting …
    </p>
  )
}
