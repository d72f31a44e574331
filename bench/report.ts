import { cpus } from 'node:os'
import { plot } from '../tests/support/plot.ts'
import type { CpuRow, MemoryFigures, SizeRow } from './costs.ts'
import { engineVersion } from './costs.ts'
import type { DepthRow } from './depth.ts'
import { AIM_IN_FLIGHT, type HelloRow, IN_FLIGHT, RATE_AIM, ROUNDS, SEQUENTIAL } from './hello.ts'
import { fillMarked, table } from './markdown.ts'
import { COMPONENTS } from './product.ts'
import type { JudgingRow } from './judging.ts'
import type { TripsRow } from './redis-trips.ts'
import type { SessionsRow } from './sessions.ts'

/** Of the reuse of sandboxes, as rows are ordered. */
export const POLICIES = ['tenant', 'never', 'never-paced']

export interface Report {
  at: string
  machine: { cpus: number; model: string; engine: string }
  hello: HelloRow[]
  cpu: CpuRow[]
  memory: MemoryFigures | undefined
  sizes: SizeRow[]
  depths: DepthRow[]
  trips: TripsRow[]
  judging?: JudgingRow[]
  sessions?: SessionsRow[]
}

export const machine = (): Report['machine'] => ({
  cpus: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  engine: engineVersion(),
})

const figure = (value: number, digits = 1): string => value.toFixed(digits)

/** The figures as tables, in Markdown. */
export function tables({
  hello,
  cpu,
  memory,
  sizes,
  depths,
  trips,
  judging = [],
  sessions = [],
}: Report): { title: string; text: string }[] {
  const parts = [
    {
      title: 'Hello world, one after another',
      text: table(
        [
          'language',
          'policy',
          'bare p50 ms',
          'p50 ms',
          'p95 ms',
          'p99 ms',
          'p50 / bare',
          'first byte ms',
          'first byte / bare',
        ],
        hello.map((row) => [
          row.language,
          row.policy,
          figure(row.bare.p50),
          figure(row.sync.p50),
          figure(row.sync.p95),
          figure(row.sync.p99),
          figure(row.p50Ratio, 2),
          figure(row.firstByte.p50),
          figure(row.firstByteRatio, 2),
        ]),
      ),
    },
    {
      title: 'Hello world, many at a time',
      text: table(
        ['language', 'policy', ...IN_FLIGHT.map((count) => `${count} in flight: jobs/s (part of bare)`)],
        several(hello).map(({ language, policy, rates }) => [
          language,
          policy,
          ...rates.map(({ product, ratio }) => `${figure(product)} (${figure(ratio, 2)})`),
        ]),
      ),
    },
    {
      title: 'Aims',
      text: table(
        ['language', 'policy', 'p50 / bare', 'aim', `part of bare, ${AIM_IN_FLIGHT} in flight`, 'aim', 'reached'],
        aimed(hello),
      ),
    },
    {
      title: 'CPU time of a job, in ms',
      text: table(
        ['language', 'policy', ...COMPONENTS, 'sandboxes'],
        cpu.map(({ language, policy, cpuMs }) => [
          language,
          policy,
          ...[...COMPONENTS, 'sandboxes' as const].map((name) => figure(cpuMs[name])),
        ]),
      ),
    },
    {
      title: 'Output and files',
      text: table(
        ['bash', 'p50 ms'],
        sizes.map(({ what, p50Ms }) => [what, figure(p50Ms)]),
      ),
    },
    {
      title: 'A deep queue, many results',
      text: table(
        ['while', 'p50 ms'],
        depths.map(({ what, p50Ms }) => [what, figure(p50Ms)]),
      ),
    },
    {
      title: 'Judging',
      text: table(
        [
          'program',
          'bare ms',
          'judged ms',
          'judged / bare',
          `${judging[0]?.atOnce ?? 8} at once, ms`,
          'speed-up for each processor',
          'load before, for each processor',
        ],
        judging.map(({ language, tests, cpuMs, rounds, load, bareMs, judgedMs, ratio, atOnceMs, scaling }) => [
          `${language}, ${tests} tests of ${cpuMs} ms, medians of ${rounds}`,
          figure(bareMs, 0),
          figure(judgedMs, 0),
          figure(ratio, 2),
          figure(atOnceMs, 0),
          figure(scaling, 2),
          figure(load, 2),
        ]),
      ),
    },
    {
      title: 'Sessions',
      text: table(
        ['', ...sessions.map(({ language }) => language), 'aim'],
        sessions.length === 0 ? [] : sessionRows(sessions),
      ),
    },
    {
      title: 'Round trips to Redis',
      text: table(
        [
          'for',
          'gateway',
          'worker',
          'commands: gateway',
          'commands: worker',
          'commands executed, those in scripts too',
        ],
        trips.map(({ what, gateway, worker, executed }) =>
          [what, gateway.trips, worker.trips, gateway.commands, worker.commands, executed].map(String),
        ),
      ),
    },
  ]
  if (memory) {
    const { idleMib, bothMib, sandboxMib, conmonMib, sandboxes } = memory
    parts.splice(3, 0, {
      title: 'Memory, idle',
      text: table(
        ['', 'MiB'],
        [
          ...COMPONENTS.map((name) => [`${name}, resident`, figure(idleMib[name])]),
          ['gateway and worker together, what they share counted once', figure(bothMib)],
          [`a ready sandbox, mean of ${sandboxes} in all these languages, proportional`, figure(sandboxMib, 2)],
          ['its conmon, proportional', figure(conmonMib, 2)],
        ],
      ),
    })
  }
  return parts.filter(({ text }) => text.split('\n').length > 2)
}

const sessionRows = (rows: readonly SessionsRow[]): string[][] => {
  const line = (what: string, of: (row: SessionsRow) => string, aim = '') => [what, ...rows.map(of), aim]
  const idle = (of: (idle: NonNullable<SessionsRow['idle']>) => string) => (row: SessionsRow) =>
    row.idle ? of(row.idle) : ''
  return [
    line('first execution, its kernel waits, ms', ({ firstMs }) => figure(firstMs), '≤ 60'),
    line('the same with a set of packages, ms', ({ firstWithSetMs: ms }) => (ms === null ? '' : figure(ms)), '≤ 60'),
    line('later executions, ms', ({ laterMs }) => figure(laterMs)),
    line('the same in a kernel alone, in turns, ms', ({ bareMs }) => figure(bareMs)),
    line('what the session adds, ms', ({ laterMs, bareMs }) => figure(laterMs - bareMs), '≤ 5'),
    line('idle, PSS, MiB', ({ idleMib }) => figure(idleMib), '< 60'),
    line('of that kernel, bridge, agent, init', ({ partsMib: { kernel, bridge, agent, init } }) =>
      [kernel, bridge, agent, init].map((mib) => figure(mib)).join(', '),
    ),
    line(
      'idle sessions at a time',
      idle(({ count }) => String(count)),
    ),
    line(
      'each, PSS, MiB: median (most)',
      idle(({ mib, mostMib }) => `${figure(mib)} (${figure(mostMib)})`),
      '< 60',
    ),
    line(
      'CPU time of all of them, ms in a second',
      idle(({ cpuMs }) => figure(cpuMs)),
    ),
    line(
      'hello world before them, p50 ms',
      idle(({ before }) => figure(before)),
    ),
    line(
      'beside them',
      idle(({ beside }) => figure(beside)),
      'as before',
    ),
  ]
}

/** What was measured beside what it should be. */
const aimed = (rows: readonly HelloRow[]): string[][] =>
  several(rows).flatMap(({ language, policy, p50Ratio, aim, rates }) => {
    const ratio = rates.find(({ inFlight }) => inFlight === AIM_IN_FLIGHT)?.ratio
    if (aim === undefined || ratio === undefined) return []
    const missed = [...(p50Ratio > aim ? ['p50'] : []), ...(ratio < RATE_AIM ? ['in flight'] : [])]
    const reached = missed.length === 0 ? 'both' : `not: ${missed.join(', ')}`
    return [[language, policy, figure(p50Ratio, 2), `≤ ${aim}`, figure(ratio, 2), `≥ ${RATE_AIM}`, reached]]
  })

/** Jobs per second by how many are in flight, as a picture. */
export const picture = ({ hello }: Report): string =>
  plot(
    [...new Set(several(hello).map(({ policy }) => policy))].map((policy) => ({
      title: `jobs per second by jobs in flight, in percent of what bare processes do; sandbox reuse: ${policy}`,
      series: hello
        .filter((row) => row.policy === policy)
        .map(({ language, rates }) => ({
          name: language,
          points: rates.map(({ inFlight, ratio }) => ({ x: inFlight, y: 100 * ratio })),
        })),
    })),
    'in flight',
  )

/** Those that were measured with several in flight. */
const several = (rows: readonly HelloRow[]) => rows.filter(({ rates }) => rates.length > 0)

/** What was measured now, and beside it what was measured before and not again. */
export function merged(before: Report | undefined, now: Report): Report {
  if (!before) return now
  const join = <T>(old: readonly T[], fresh: readonly T[], nameOf: (row: T) => string): T[] => {
    const rows = new Map([...old, ...fresh].map((row) => [nameOf(row), row]))
    return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  }
  const ofRuntime = ({ policy, language }: { policy: string; language: string }) =>
    `${POLICIES.indexOf(policy)} ${language}`
  return {
    ...now,
    hello: join(before.hello, now.hello, ofRuntime),
    cpu: join(before.cpu, now.cpu, ofRuntime),
    memory: now.memory ?? before.memory,
    sizes: now.sizes.length > 0 ? now.sizes : before.sizes,
    depths: now.depths.length > 0 ? now.depths : before.depths,
    trips: now.trips.length > 0 ? now.trips : (before.trips ?? []),
    sessions: now.sessions && now.sessions.length > 0 ? now.sessions : (before.sessions ?? []),
    judging: join(before.judging ?? [], now.judging ?? [], ({ language }) => language),
  }
}

/** Puts the figures into the document. @throws Error when it has no marks for them */
export async function fillDocument(file: string, report: Report): Promise<void> {
  const { at, machine: on } = report
  const said = `Measured on ${at.slice(0, 10)}: ${on.cpus} CPUs (${on.model}), ${on.engine}; ${ROUNDS} rounds of ${SEQUENTIAL} jobs.`
  const text = tables(report).map((part) => `### ${part.title}\n\n${part.text}`)
  await fillMarked(file, [said, ...text].join('\n\n'))
}
