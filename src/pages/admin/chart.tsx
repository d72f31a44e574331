import { useEffect, useRef, useState } from 'preact/hooks'
import { formatClock, formatTime } from '../design/format.ts'
import { axisOf } from './chart-axis.ts'

export interface ChartSeries {
  name: string
  /** A colour of the design, e.g. `good`. */
  color: string
  /** By the order of the points; null where there is none. */
  values: (number | null)[]
}

export interface ChartProps {
  title: string
  /** `bars` stand on each other; `lines` do not. */
  kind: 'bars' | 'lines'
  /** When each point begins, in ms, all of one length. */
  times: number[]
  series: ChartSeries[]
  format: (value: number) => string
  /** The axis reaches so far at least, so that little does not look like much. */
  least: number
  /** Whether halves mean nothing. */
  whole?: boolean
  /** What the figure is, for those who do not see it. */
  summary: string
}

const HEIGHT = 180
const MARGIN = { top: 8, right: 8, bottom: 22, left: 52 }

/** The time of day below a chart; its zone stands once at the axis. */
const minuteOf = (ms: number) => formatClock(ms).slice(0, 5)
const zoneOf = (ms: number) => formatClock(ms).slice('00:00:00 '.length)

/** A figure over time, drawn as wide as there is room. The pointer, or the arrow keys, tell what was at a time. */
export function Chart({ title, kind, times, series, format, least, whole = false, summary }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [at, setAt] = useState<number>()
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    if (box.current) observer.observe(box.current)
    return () => observer.disconnect()
  }, [])

  const count = times.length
  const inner = { width: Math.max(1, width - MARGIN.left - MARGIN.right), height: HEIGHT - MARGIN.top - MARGIN.bottom }
  const sums = times.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0))
  const all = kind === 'bars' ? sums : series.flatMap(({ values }) => values.map((value) => value ?? 0))
  const axis = axisOf(Math.max(least, ...all), whole ? 1 : 0)
  const x = (index: number) => MARGIN.left + ((index + 0.5) / Math.max(1, count)) * inner.width
  const y = (value: number) => MARGIN.top + inner.height * (1 - value / axis.max)
  const shown = at === undefined ? undefined : Math.min(at, count - 1)

  const point = ({ clientX }: PointerEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0
    const share = (clientX - left - MARGIN.left) / inner.width
    setAt(Math.max(0, Math.min(count - 1, Math.floor(share * count))))
  }
  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count }[event.key]
    if (event.key === 'Escape') setAt(undefined)
    if (by === undefined) return
    event.preventDefault()
    setAt((now) => Math.max(0, Math.min(count - 1, (now ?? count - 1) + (now === undefined ? 0 : by))))
  }

  return (
    <figure class="chart card">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({ name, color }) => (
            <li key={name}>
              <span class={`swatch fill-${color}`} />
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
      {/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions -- the arrow keys tell what the pointer tells */}
      <div
        class="plot"
        ref={box}
        role="img"
        aria-label={`${title}: ${summary}`}
        tabIndex={0}
        onPointerMove={point}
        onPointerLeave={() => setAt(undefined)}
        onBlur={() => setAt(undefined)}
        onKeyDown={step}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT} aria-hidden="true">
            {axis.steps.map((value) => (
              <g key={value}>
                <line class="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
                <text class="tick" x={MARGIN.left - 8} y={y(value)} dy="0.32em" text-anchor="end">
                  {format(value)}
                </text>
              </g>
            ))}
            {marks(times, inner.width).map((index) => (
              <text class="tick" key={index} x={x(index)} y={HEIGHT - 6} text-anchor="middle">
                {minuteOf(times[index] ?? 0)}
              </text>
            ))}
            <text class="tick" x={MARGIN.left - 8} y={HEIGHT - 6} text-anchor="end">
              {zoneOf(times[0] ?? 0)}
            </text>
            {kind === 'bars' ? bars(series, x, y, inner.width / Math.max(1, count)) : lines(series, x, y)}
            {shown !== undefined && (
              <line class="cursor" x1={x(shown)} x2={x(shown)} y1={MARGIN.top} y2={MARGIN.top + inner.height} />
            )}
          </svg>
        )}
        {shown !== undefined && (
          <div class={`tip ${x(shown) > width / 2 ? 'left' : 'right'}`} style={{ '--x': `${x(shown)}px` }}>
            <strong>{formatTime(times[shown] ?? 0)}</strong>
            {series.map(({ name, color, values }) => (
              <span key={name}>
                <span class={`swatch fill-${color}`} />
                {name}
                <b class="numeric">{tell(values[shown], format)}</b>
              </span>
            ))}
          </div>
        )}
      </div>
      <p class="unseen" role="status">
        {shown === undefined
          ? ''
          : [
              formatTime(times[shown] ?? 0),
              ...series.map(({ name, values }) => `${name} ${tell(values[shown], format)}`),
            ].join(', ')}
      </p>
      {/* oxlint-enable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
    </figure>
  )
}

const tell = (value: number | null | undefined, format: (value: number) => string) =>
  value === null || value === undefined ? '–' : format(value)

/** Which points have their time below: as many as there is room for, on whole minutes. */
function marks(times: number[], width: number): number[] {
  const first = times[0] ?? 0
  const minutes = ((times.at(-1) ?? 0) - first) / 60_000
  const room = Math.max(2, Math.floor(width / 90))
  const every = [1, 2, 5, 10, 15, 20, 30].find((one) => minutes / one <= room) ?? 60
  return times.flatMap((at, index) => {
    const isWhole = Math.floor(at / 60_000) % every === 0 && at % 60_000 < 10_000
    const isInside = index > 2 && index < times.length - 3
    return isWhole && isInside ? [index] : []
  })
}

type Place = (value: number) => number

function bars(series: ChartSeries[], x: Place, y: Place, step: number) {
  const wide = Math.max(1, step > 4 ? step - 1 : step)
  const bases = (series[0]?.values ?? []).map(() => 0)
  return series.map(({ name, color, values }) => (
    <path
      key={name}
      class={`fill-${color}`}
      d={values
        .map((value, index) => {
          if (!value) return ''
          const base = bases[index] ?? 0
          bases[index] = base + value
          const left = (x(index) - wide / 2).toFixed(1)
          const [top, bottom] = [y(base + value), y(base)]
          return `M${left} ${bottom.toFixed(1)}V${top.toFixed(1)}h${wide.toFixed(1)}V${bottom.toFixed(1)}z`
        })
        .join('')}
    />
  ))
}

/** Gaps stay gaps; a point alone is a dot. */
function lines(series: ChartSeries[], x: Place, y: Place) {
  return series.map(({ name, color, values }) => {
    const d = values
      .map((value, index) => {
        if (value === null) return ''
        const goesOn = index > 0 && values[index - 1] !== null
        const [left, top] = [x(index).toFixed(1), y(value).toFixed(1)]
        if (goesOn) return `L${left} ${top}`
        const isAlone = (values[index + 1] ?? null) === null
        return isAlone ? `M${left} ${top}m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0` : `M${left} ${top}`
      })
      .join('')
    return <path key={name} class={`line stroke-${color}`} d={d} />
  })
}
