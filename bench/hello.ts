import { setTimeout as sleep } from 'node:timers/promises'
import type { Language } from '../src/shared/language.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { runtimeImage } from '../src/shared/runtime-image.ts'
import { type BareProcess, createBareProcess } from './bare-process.ts'
import type { BenchClient } from './http-client.ts'
import { median, quantile, rate, timeEach } from './statistics.ts'

export const ROUNDS = 3
export const SEQUENTIAL = 20
export const IN_FLIGHT = [1, 2, 4, 8, 16] as const
const RATE_MS = 1500
const WARM_UP = 8
const WARM_UP_MS = 40_000

/** A job's times, in ms. */
export interface Times {
  p50: number
  p95: number
  p99: number
}

export interface HelloRow {
  language: string
  policy: string
  bare: Times
  sync: Times
  /** From the submission to the first byte of output on the event stream. */
  firstByte: Times
  /** Medians over the rounds, of the ratio within each. */
  p50Ratio: number
  firstByteRatio: number
  /** The most that the ratio of the medians should be; reports of before do not tell it. */
  aim?: number
  /** Jobs per second, and their part of what the bare process does, by how many are in flight. */
  rates: { inFlight: number; bare: number; product: number; ratio: number }[]
}

/** The least part of what bare processes do in a second that `AIM_IN_FLIGHT` jobs at a time should. */
export const RATE_AIM = 0.8
export const AIM_IN_FLIGHT = 8

/** Of what the bare toolchain takes for hello world, the part that a job may. */
function aimOf({ prewarm, compile }: Language): number {
  if (prewarm) return 0.35
  return compile?.argv[0] === 'g++' ? 0.6 : 1.1
}

/** What runs the hello program once, and checks the answer. */
export interface Hello {
  sync: () => Promise<void>
  /** @returns when the first byte of its output came, in ms from the submission */
  stream: () => Promise<number>
}

export function hello(client: BenchClient, { id, hello: program }: Language): Hello {
  const request = { language: id, code: program.code }
  const check = (printed: string | undefined, job: unknown) => {
    if (printed !== program.stdout) throw new Error(`wrong answer: ${JSON.stringify(job)}`)
  }
  return {
    async sync() {
      const job = await client.post('/v1/jobs', request, { prefer: 'wait=60' })
      check((job['stages'] as { stdout: string }[]).at(-1)?.stdout, job)
    },
    async stream() {
      const from = performance.now()
      let first = Number.NaN
      let printed = ''
      await client.stream('/api/repl/execute/stream', request, (text) => {
        if (printed === '') first = performance.now() - from
        printed += text
      })
      check(printed, 'a stream')
      return first
    },
  }
}

/**
 * Keeps the product busy until it runs as it does after a minute of use: V8 compiles what is used often, and takes some thousand
 * jobs to find out.
 */
export async function warmUp(client: BenchClient, language: Language): Promise<void> {
  await rate(4, WARM_UP_MS, hello(client, language).sync)
}

/**
 * Measures one language in turns with its bare process, so that a noisy machine disturbs both alike.
 * @param pauseMs before each; with a pause nothing is measured with several in flight
 */
export async function measureHello(
  client: BenchClient,
  language: Language,
  policy: string,
  pauseMs: number,
): Promise<HelloRow> {
  const bare = await createBareProcess(language, runtimeImage(packageRoot(), language))
  try {
    const row = await measure(bare, hello(client, language), language.id, policy, pauseMs)
    return { ...row, aim: aimOf(language) }
  } finally {
    await bare.close()
  }
}

async function measure(
  bare: BareProcess,
  { sync, stream }: Hello,
  language: string,
  policy: string,
  pauseMs: number,
): Promise<HelloRow> {
  await timeEach(WARM_UP, sync)
  await timeEach(3, () => bare.run())
  const all = { bare: [] as number[], sync: [] as number[], firstByte: [] as number[] }
  const ratios = { sync: [] as number[], firstByte: [] as number[] }
  const rates = (pauseMs > 0 ? [] : IN_FLIGHT).map((inFlight) => ({
    inFlight,
    bare: [] as number[],
    product: [] as number[],
    ratio: [] as number[],
  }))
  for (let round = 0; round < ROUNDS; round++) {
    const times = { bare: [] as number[], sync: [] as number[], firstByte: [] as number[] }
    for (let i = 0; i < SEQUENTIAL; i++) {
      // A job finds its interpreter as far as the time since the last job let it come: each has the same before it.
      await sleep(pauseMs)
      times.bare.push(...(await timeEach(1, () => bare.run())))
      times.sync.push(...(await timeEach(1, sync)))
      await sleep(pauseMs)
      times.bare.push(...(await timeEach(1, () => bare.run())))
      times.firstByte.push(await stream())
    }
    for (const kind of ['bare', 'sync', 'firstByte'] as const) all[kind].push(...times[kind])
    for (const kind of ['sync', 'firstByte'] as const) ratios[kind].push(median(times[kind]) / median(times.bare))
    for (const row of rates) {
      row.bare.push(await rate(row.inFlight, RATE_MS, () => bare.run()))
      row.product.push(await rate(row.inFlight, RATE_MS, sync))
      row.ratio.push((row.product.at(-1) ?? 0) / (row.bare.at(-1) ?? 1))
    }
  }
  const timesOf = (samples: number[]) => ({
    p50: median(samples),
    p95: quantile(samples, 0.95),
    p99: quantile(samples, 0.99),
  })
  return {
    language,
    policy,
    bare: timesOf(all.bare),
    sync: timesOf(all.sync),
    firstByte: timesOf(all.firstByte),
    p50Ratio: median(ratios.sync),
    firstByteRatio: median(ratios.firstByte),
    rates: rates.map((row) => ({
      inFlight: row.inFlight,
      bare: median(row.bare),
      product: median(row.product),
      ratio: median(row.ratio),
    })),
  }
}
