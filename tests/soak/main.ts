import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MINUTE, SECOND } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { faultOf, JOB_KINDS, startLoad } from '../support/mixed-load.ts'
import { createPatientClient } from '../support/patient-client.ts'
import { writeSection } from '../support/write-section.ts'
import { plot } from '../support/plot.ts'
import { MEASURED, type Sample, takeSample } from './samples.ts'
import { type Trend, trendOf } from './trend.ts'

/**
 * A steady mixed load, and whether anything grows under it. `npm run soak [-- MINUTES [JOBS_PER_SECOND]]` writes
 * docs/soak.json, docs/soak.svg and a part of docs/reliability.md; it fails when something grows beyond its bound.
 */
const [minutes = 20, perSecond = 3] = process.argv.slice(2).map(Number)

const HOUR = 60 * MINUTE
const SAMPLE_MS = 5 * SECOND
/** Finished jobs are kept for so long and no more of them than so many, so that what Redis holds reaches its plateau in the first half. */
const ENV = {
  RESULT_TTL_SECONDS: '120',
  TENANT_RESULTS_KEPT: '300',
  KILL_GRACE_MS: '300',
  LOG_LEVEL: 'warn',
  WORKER_CONCURRENCY: '4',
}
/** Most growth an hour, in the unit of the figure: what would be a tenth of a small machine's memory in a week is a leak. */
const BOUNDS = { residentMib: 20, openFiles: 20, redisUsedMib: 5, containers: 5, processes: 20 }
/** Growth counts when it is above what is allowed by so many times its standard error. */
const SIGNIFICANT = 2

interface Figure {
  name: string
  trend: Trend
  /** At the end of the first half, and at the end. */
  middle: number
  end: number
  bound: number
}

const installation = await startInstallation({ name: 'soak', workers: 1, gateways: 1, env: ENV })
let samples: Sample[]
let wrong: string[]
try {
  ;({ samples, wrong } = await soak(installation))
} finally {
  const left = await installation.close()
  if (left > 0) console.error(`${left} containers are left`)
}
const figures = judge(samples)
const grown = figures.filter(({ trend, bound }) => trend.slope - SIGNIFICANT * trend.error > bound)
await write()
for (const one of [
  ...wrong,
  ...grown.map(({ name, trend, bound }) => `${name} grows by ${trend.slope.toFixed(1)} an hour; ${bound} are allowed`),
])
  console.error(one)
console.log(grown.length + wrong.length === 0 ? 'steady' : 'not steady')
process.exit(grown.length + wrong.length === 0 ? 0 : 1)

async function soak(running: Installation): Promise<{ samples: Sample[]; wrong: string[] }> {
  const client = createPatientClient(running.urls, { mostPauseMs: SECOND })
  const load = startLoad(client, JOB_KINDS, perSecond)
  const taken: Sample[] = []
  const faults: string[] = []
  let ended = 0
  let checked = 0
  const began = performance.now()
  const check = async () => {
    for (; checked < load.jobs.length; checked++) {
      const submitted = load.jobs[checked]
      if (!submitted || Date.now() - submitted.acceptedAt < MINUTE / 2) return
      const job = await client.read(submitted.id)
      if (job.status !== null) ended++
      const fault = faultOf(job, submitted)
      if (fault !== undefined) faults.push(fault)
    }
  }
  for (let next = 0; performance.now() - began < minutes * MINUTE; next += SAMPLE_MS) {
    await sleep(Math.max(0, began + next - performance.now()))
    const seconds = (performance.now() - began) / 1000
    taken.push(await takeSample(running, seconds, ended))
    await check()
    if (taken.length % 12 === 1) {
      const { residentMib, containers, processes } = taken.at(-1) ?? {}
      const memory = MEASURED.map((name) => `${name} ${residentMib?.[name].toFixed(0)} MiB`).join(', ')
      console.log(
        `${seconds.toFixed(0).padStart(5)} s  ${ended} jobs ended; ${memory}; ${containers} containers, ${processes} processes`,
      )
    }
  }
  await load.stop()
  return { samples: taken, wrong: faults }
}

/** The trends over the second half: in the first, heaps and pools find their size. */
function judge(all: readonly Sample[]): Figure[] {
  const half = all.slice(Math.floor(all.length / 2))
  const figure = (name: string, bound: number, value: (sample: Sample) => number): Figure => ({
    name,
    bound,
    trend: trendOf(half.map((sample) => ({ x: (sample.seconds * SECOND) / HOUR, y: value(sample) }))),
    middle: value(half[0] ?? missing()),
    end: value(half.at(-1) ?? missing()),
  })
  return [
    ...MEASURED.map((name) => figure(`${name}, resident MiB`, BOUNDS.residentMib, (one) => one.residentMib[name])),
    figure('Redis, MiB of data', BOUNDS.redisUsedMib, (one) => one.redisUsedMib),
    ...MEASURED.map((name) => figure(`${name}, open files`, BOUNDS.openFiles, (one) => one.openFiles[name])),
    figure('containers', BOUNDS.containers, (one) => one.containers),
    figure('processes of containers', BOUNDS.processes, (one) => one.processes),
  ]
}

async function write(): Promise<void> {
  const docs = join(packageRoot(), 'docs')
  const line = (name: string, value: (sample: Sample) => number) => ({
    name,
    points: samples.map((sample) => ({ x: (sample.seconds * SECOND) / MINUTE, y: value(sample) })),
  })
  const panels = [
    { title: 'resident memory, MiB', series: MEASURED.map((name) => line(name, (one) => one.residentMib[name])) },
    { title: 'open file descriptors', series: MEASURED.map((name) => line(name, (one) => one.openFiles[name])) },
    {
      title: 'containers and their processes',
      series: [line('containers', (one) => one.containers), line('processes', (one) => one.processes)],
    },
  ]
  writeFileSync(join(docs, 'soak.svg'), plot(panels, 'min'))
  writeFileSync(join(docs, 'soak.json'), `${JSON.stringify({ minutes, perSecond, figures, samples })}\n`)
  const rows = figures.map(({ name, middle, end, trend, bound }) =>
    [
      name,
      middle.toFixed(1),
      end.toFixed(1),
      `${trend.slope.toFixed(1)} ± ${(SIGNIFICANT * trend.error).toFixed(1)}`,
      bound,
    ].join(' | '),
  )
  const table = [
    '| figure | after half the time | at the end | growth an hour | most allowed |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
  const ended = samples.at(-1)?.jobsEnded ?? 0
  console.log(table)
  await writeSection(
    'docs/reliability.md',
    'soak',
    `${minutes} minutes, ${perSecond} jobs a second of mixed kinds, ${ended} jobs ended, ${wrong.length} of them not as they must:\n\n${table}\n\n![Memory, open files, containers and processes over the time](soak.svg)`,
  )
}

function missing(): never {
  throw new Error('there are no samples')
}
