// npm run bench:compat [-- ROUNDS]: latency and rate by the routes of other systems, against our own, in one run and in turns; with 0
// rounds only what each way costs.
import { packageRoot } from '../../src/shared/package-root.ts'
import { cpuOf } from '../costs.ts'
import { createBenchClient } from '../http-client.ts'
import { table } from '../markdown.ts'
import { startProduct } from '../product.ts'
import { createTripMeter } from '../redis-trips.ts'
import { median, quantile, rate, timeEach } from '../statistics.ts'
import { type Way, waysOfJobs, waysOfKernels } from './ways.ts'

const ROUNDS = Number(process.argv[2] ?? '5')
const EACH = 20
const RATE_MS = 3000
const IN_FLIGHT = 8
const WARM_UP_MS = 15_000
/** For what does not depend on a clock: looks at the trips of a way, and jobs whose CPU time is counted. */
const TRIP_SAMPLES = 6
const COSTED = 100
/** What a way in may take of the first one's time, and the share of its rate that it has to reach: issue 18. */
const MOST = 1.15

interface Row {
  name: string
  p50: number
  p95: number
  /** By the first way, in the same round; the median of the rounds. */
  latency: number
  perSecond: number
  /** The first way's rate by this one's. */
  slowdown: number
}

/** Each by the first in the same round, in turns: a noisy machine disturbs all alike. */
async function compare(ways: readonly Way[], inFlight: number): Promise<Row[]> {
  const all = ways.map(([name, run]) => ({
    name,
    run,
    times: [] as number[],
    latencies: [] as number[],
    rates: [] as number[],
    slowdowns: [] as number[],
  }))
  for (const { run } of all) await timeEach(3, run)
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`round ${round + 1} of ${ROUNDS} ...\n`)
    const samples = all.map(() => [] as number[])
    for (let i = 0; i < EACH; i++) {
      // Another one is first each time: what a job leaves behind it, a sandbox to be made, falls on the next.
      for (let turn = 0; turn < all.length; turn++) {
        const index = (i + turn) % all.length
        const way = all[index]
        if (way) samples[index]?.push(...(await timeEach(1, way.run)))
      }
    }
    const rates = []
    for (const { run } of all) rates.push(await rate(inFlight, RATE_MS, run))
    for (const [index, way] of all.entries()) {
      way.times.push(...(samples[index] ?? []))
      way.latencies.push(median(samples[index] ?? []) / median(samples[0] ?? []))
      way.rates.push(rates[index] ?? 0)
      way.slowdowns.push((rates[0] ?? 0) / (rates[index] ?? 0))
    }
  }
  return all.map(({ name, times, latencies, rates, slowdowns }) => ({
    name,
    p50: median(times),
    p95: quantile(times, 0.95),
    latency: median(latencies),
    perSecond: median(rates),
    slowdown: median(slowdowns),
  }))
}

function show(rows: readonly Row[]): void {
  const heads = ['way in', 'p50, ms', 'p95, ms', 'p50 by the first', 'per second', 'the rate of the first by it']
  const cells = rows.map((row) => [
    row.name,
    row.p50.toFixed(1),
    row.p95.toFixed(1),
    row.latency.toFixed(2),
    row.perSecond.toFixed(1),
    row.slowdown.toFixed(2),
  ])
  process.stdout.write(`${table(heads, cells)}\n\n`)
  for (const { name, latency, slowdown } of rows) {
    if (Math.max(latency, slowdown) <= MOST) continue
    process.stdout.write(
      `${name} takes ${Math.max(latency, slowdown).toFixed(2)} of the first; at most ${MOST} is wanted\n`,
    )
    process.exitCode = 1
  }
}

/** What a job costs by each way in trips to Redis, in CPU time of the gateway, and in the sandbox: less depends on what else the machine does. */
async function showCosts(): Promise<void> {
  const product = await startProduct(packageRoot(), {}, true)
  const { relays, pids } = product
  const client = createBenchClient(product.url, await product.key('costs'))
  try {
    if (!relays) throw new Error('Redis is not counted')
    const ways = waysOfJobs(client)
    await rate(4, WARM_UP_MS, async () => ways[0]?.[1]())
    const measure = createTripMeter(product, relays, TRIP_SAMPLES)
    const cells: string[][] = []
    for (const [name, run] of ways) {
      const { gateway, worker, executed } = await measure(name, run)
      const before = cpuOf(pids.gateway)
      await timeEach(COSTED, run)
      const gatewayMs = (cpuOf(pids.gateway) - before) / COSTED
      const { jobs } = await client.get(`/v1/jobs?limit=${COSTED}`)
      const stages = (jobs as { stages: { wallMs: number }[] }[]).flatMap((job) => job.stages)
      const programMs = median(stages.map(({ wallMs }) => wallMs))
      cells.push([
        name,
        `${gateway.trips}, ${gateway.commands}`,
        `${worker.trips}, ${worker.commands}`,
        String(executed),
        gatewayMs.toFixed(2),
        programMs.toFixed(1),
      ])
    }
    const heads = [
      'way in',
      'gateway: trips, commands',
      'worker',
      'Redis ran',
      'CPU of the gateway, ms',
      'the program, ms',
    ]
    process.stdout.write(`${table(heads, cells)}\n\n`)
  } finally {
    client.close()
    await product.close()
  }
}

/** Latency and rate by each way, in turns. */
async function showTimes(): Promise<void> {
  const product = await startProduct(packageRoot(), { TENANT_MAX_SESSIONS: '8' })
  const headers = await product.key('bench', ['jobs', 'sessions'])
  const client = createBenchClient(product.url, headers)
  try {
    const jobs = waysOfJobs(client)
    await rate(4, WARM_UP_MS, async () => jobs[0]?.[1]())
    show(await compare(jobs, IN_FLIGHT))
    const kernels = await waysOfKernels(client, product.url, headers)
    // A kernel runs one thing at a time.
    show(await compare(kernels.ways, 1))
    kernels.close()
  } finally {
    client.close()
    await product.close()
  }
}

await showCosts()
if (ROUNDS > 0) await showTimes()
