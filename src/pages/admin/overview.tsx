import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Status } from '../../shared/job.ts'
import { formatBytes, formatCount, formatMs } from '../design/format.ts'
import type { Api } from './api.ts'
import type { Overview, SeriesPoint } from './api-types.ts'
import { Chart } from './chart.tsx'
import { Live } from './live.tsx'
import { usePolled } from './use-polled.ts'
import { type SeriesView, useSeries } from './use-series.ts'
import { Workers } from './workers.tsx'

const RANGES = [
  { seconds: 300, words: '5 min', span: 'Last 5 minutes' },
  { seconds: 900, words: '15 min', span: 'Last 15 minutes' },
  { seconds: 3600, words: '1 hour', span: 'Last hour' },
]
const EVERY_MS = 2000

/** How jobs end, in as few groups as a chart can tell apart. */
const OUTCOME_GROUPS: { name: string; color: string; statuses: Status[] }[] = [
  { name: 'Succeeded', color: 'good', statuses: ['succeeded'] },
  { name: 'Failed', color: 'busy', statuses: ['failed', 'signalled', 'compile-failed', 'wrong-answer'] },
  {
    name: 'At a limit',
    color: 'warn',
    statuses: ['wall-time-limit', 'cpu-time-limit', 'memory-limit', 'output-limit'],
  },
  { name: 'Cancelled', color: 'neutral', statuses: ['cancelled'] },
  { name: 'Internal error', color: 'bad', statuses: ['internal-error', 'judge-error', 'environment-failed'] },
]

const countOf = (outcomes: Partial<Record<Status, number>>, statuses: readonly Status[]): number =>
  statuses.reduce((sum, status) => sum + (outcomes[status] ?? 0), 0)

export function OverviewPage({ api }: { api: Api }) {
  const [seconds, setSeconds] = useState(300)
  const overview = usePolled(api.overview, EVERY_MS, [api])
  const now = overview.value
  const series = useSeries(api, seconds)
  return (
    <div class="page">
      <header class="head">
        <h1>Overview</h1>
        <fieldset class="ranges">
          <legend class="unseen">Time span</legend>
          {RANGES.map((range) => (
            <label key={range.seconds}>
              <input
                type="radio"
                name="range"
                checked={seconds === range.seconds}
                onChange={() => setSeconds(range.seconds)}
              />
              <span>{range.words}</span>
            </label>
          ))}
        </fieldset>
      </header>
      <Live of={[overview, series]}>
        {now && series.value && <Tiles now={now} series={series.value} />}
        {series.value && <Charts series={series.value} />}
        {now && (
          <div class="columns">
            <Queue now={now} />
            <Sandboxes now={now} />
            <RedisCard redis={now.redis} />
          </div>
        )}
        {now && <Workers workers={now.workers} />}
      </Live>
    </div>
  )
}

const rate = (perSecond: number) =>
  perSecond === 0 || perSecond >= 10 ? String(Math.round(perSecond)) : String(Number(perSecond.toPrecision(2)))
const orDash = (ms: number | null) => (ms === null ? '–' : formatMs(ms))

function Tile({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) {
  return (
    <div class="tile card">
      <dt>{name}</dt>
      <dd class="figure numeric">{value}</dd>
      {children !== undefined && <dd class="faint">{children}</dd>}
    </div>
  )
}

/** Two groups: what happened in the span that was chosen, all of it in the same one, and what is so now. */
function Tiles({ now, series: { seconds, total } }: { now: Overview; series: SeriesView }) {
  const { queue, slots, workers } = now
  const succeeded = total.outcomes.succeeded ?? 0
  const inside = total.outcomes['internal-error'] ?? 0
  const down = workers.filter(({ engine }) => engine === 'down').length
  return (
    <div class="tile-groups">
      <TileGroup title={RANGES.find((range) => range.seconds === seconds)?.span ?? ''}>
        <Tile name="Jobs a second" value={rate(total.jobs / seconds)}>
          {formatCount(total.jobs)} {total.jobs === 1 ? 'job' : 'jobs'} ended
        </Tile>
        <Tile name="Latency p50" value={orDash(total.latencyMs.p50)}>
          p95 {orDash(total.latencyMs.p95)}
        </Tile>
        <Tile name="Succeeded" value={total.jobs === 0 ? '–' : `${Math.round((succeeded / total.jobs) * 100)} %`}>
          {inside === 0 ? 'no internal error' : `${formatCount(inside)} internal errors`}
        </Tile>
      </TileGroup>
      <TileGroup title="Now">
        <Tile name="Queued" value={formatCount(queue.queued)}>
          {queue.delayed > 0 ? `and ${formatCount(queue.delayed)} delayed` : 'none delayed'}
        </Tile>
        <Tile name="Running" value={`${queue.running} of ${slots}`}>
          {slots === 1 ? 'slot' : 'slots'} in use
        </Tile>
        <Tile name="Workers" value={String(workers.length)}>
          {workers.length === 0 ? 'jobs wait for a worker' : down > 0 ? `${down} without an engine` : 'all engines up'}
        </Tile>
      </TileGroup>
    </div>
  )
}

function TileGroup({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section aria-label={title}>
      <h2 class="group">{title}</h2>
      <dl class="tiles">{children}</dl>
    </section>
  )
}

/** A rate of less would say little. */
const SHORTEST_SECONDS = 3

const rateOf = (point: SeriesPoint | undefined, seconds: number, statuses: readonly Status[]): number =>
  point === undefined || seconds < SHORTEST_SECONDS ? 0 : countOf(point.outcomes, statuses) / seconds

function Charts({ series: { times, points, spans, total } }: { series: SeriesView }) {
  const last = points.at(-1)
  return (
    <div class="charts">
      <Chart
        title="Jobs a second"
        least={1}
        kind="bars"
        times={times}
        format={(value) => String(Number(value.toFixed(2)))}
        series={OUTCOME_GROUPS.map(({ name, color, statuses }) => ({
          name,
          color,
          values: points.map((point, index) => rateOf(point, spans[index] ?? 0, statuses)),
        }))}
        summary={OUTCOME_GROUPS.map(({ name, statuses }) => `${name} ${countOf(total.outcomes, statuses)}`).join(', ')}
      />
      <Chart
        title="Latency, from due to ended"
        least={100}
        kind="lines"
        times={times}
        format={formatMs}
        series={[
          { name: 'p50', color: 'accent', values: points.map((point) => point?.latencyMs.p50 ?? null) },
          { name: 'p95', color: 'warn', values: points.map((point) => point?.latencyMs.p95 ?? null) },
        ]}
        summary={`p50 ${orDash(total.latencyMs.p50)}, p95 ${orDash(total.latencyMs.p95)}`}
      />
      <Chart
        title="Queue"
        least={2}
        whole
        kind="lines"
        times={times}
        format={(value) => formatCount(Math.round(value))}
        series={[
          { name: 'Queued', color: 'busy', values: points.map((point) => point?.queued ?? null) },
          { name: 'Running', color: 'good', values: points.map((point) => point?.running ?? null) },
        ]}
        summary={`${last?.queued ?? 0} queued, ${last?.running ?? 0} running`}
      />
      <Chart
        title="Wait for a slot"
        least={100}
        kind="lines"
        times={times}
        format={formatMs}
        series={[
          { name: 'p50', color: 'accent', values: points.map((point) => point?.waitMs.p50 ?? null) },
          { name: 'p95', color: 'warn', values: points.map((point) => point?.waitMs.p95 ?? null) },
        ]}
        summary={`p50 ${orDash(total.waitMs.p50)}, p95 ${orDash(total.waitMs.p95)}`}
      />
    </div>
  )
}

function Facts({
  title,
  note,
  facts,
}: {
  title: string
  note?: string
  facts: [name: string, value: ComponentChildren][]
}) {
  return (
    <section class="facts card">
      <h2>
        {title} {note !== undefined && <span class="faint">{note}</span>}
      </h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="numeric">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Queue({ now: { queue } }: { now: Overview }) {
  const facts = queue.priorities.map(({ priority, queued, longestWaitMs }): [string, ComponentChildren] => [
    `Priority ${priority}`,
    queued === 0 ? '0' : `${formatCount(queued)}, the first for ${formatMs(longestWaitMs)}`,
  ])
  return (
    <Facts
      title="Queue"
      facts={[
        ...facts,
        ['Delayed', formatCount(queue.delayed)],
        ['Waiting bytes', formatBytes(queue.waitingBytes)],
        ['Stored results', `${formatCount(queue.finished)}, ${formatBytes(queue.storedBytes)}`],
      ]}
    />
  )
}

function Sandboxes({ now: { pool } }: { now: Overview }) {
  return (
    <Facts
      title="Sandboxes"
      note="from the last heartbeats"
      facts={[
        ['Ready', formatCount(pool.ready)],
        ['Bound to a tenant', formatCount(pool.bound)],
        ['In use', formatCount(pool.lent)],
        ['Being made', formatCount(pool.making)],
      ]}
    />
  )
}

function RedisCard({ redis }: { redis: Overview['redis'] }) {
  const most = redis.maxMemoryBytes === 0 ? '' : ` of ${formatBytes(redis.maxMemoryBytes)}`
  return (
    <Facts
      title="Redis"
      facts={[
        ['Version', redis.version],
        ['Memory', `${formatBytes(redis.usedMemoryBytes)}${most}`],
        ['Connections', formatCount(redis.clients)],
        ['Commands a second', formatCount(redis.commandsPerSecond)],
        ['Uptime', formatUptime(redis.uptimeSeconds)],
      ]}
    />
  )
}

const formatUptime = (seconds: number) =>
  seconds < 3600 ? formatMs(seconds * 1000) : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
