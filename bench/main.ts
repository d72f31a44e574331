import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { loadLanguages } from '../src/shared/language.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { runtimeImage } from '../src/shared/runtime-image.ts'
import { createBareProcess } from './bare-process.ts'
import { createBenchClient } from './http-client.ts'
import { startProduct } from './product.ts'
import { median, quantile, rate, timeEach } from './statistics.ts'

/**
 * Hello world in each default language, as ratios to the bare process, both measured in turns in this one run so that a noisy
 * machine disturbs both alike. `npm run bench [-- FILE]` prints a table, and writes the figures as JSON to FILE.
 */
const ROUNDS = 3
const SEQUENTIAL = 30
const IN_FLIGHT = 8
const RATE_MS = 2000
const WARM_UP = 10

interface Row {
  language: string
  reuse: string
  bareP50Ms: number
  p50Ms: number
  p95Ms: number
  p50Ratio: number
  bareRate: number
  rate: number
  rateRatio: number
}

const root = packageRoot()
const languages = loadLanguages(`${root}/languages`).filter((language) => language.default)
const rows: Row[] = []
for (const reuse of ['tenant', 'never']) {
  const product = await startProduct(root, { SANDBOX_REUSE: reuse })
  const client = createBenchClient(product.url)
  try {
    for (const language of languages) {
      process.stderr.write(`${language.id}, reuse ${reuse} ...\n`)
      const bare = await createBareProcess(language, runtimeImage(root, language))
      try {
        rows.push(await measure(language.id, reuse, () => bare.run(), hello(language)))
      } finally {
        await bare.close()
      }
    }
  } finally {
    client.close()
    await product.close()
  }

  function hello({ id, hello: program }: (typeof languages)[number]): () => Promise<void> {
    return async () => {
      const job = await client.post('/v1/jobs', { language: id, code: program.code }, { prefer: 'wait=60' })
      const [stage] = job['stages'] as { stdout: string }[]
      if (stage?.stdout !== program.stdout) throw new Error(`wrong answer: ${JSON.stringify(job)}`)
    }
  }
}
print(rows)
const [file] = process.argv.slice(2)
if (file !== undefined) await writeFile(file, `${JSON.stringify({ cpus: cpus().length, rows }, null, 2)}\n`)

async function measure(
  language: string,
  reuse: string,
  bare: () => Promise<void>,
  job: () => Promise<void>,
): Promise<Row> {
  await timeEach(WARM_UP, job)
  await timeEach(WARM_UP, bare)
  const times = { bare: [] as number[], job: [] as number[] }
  const p50s: number[] = []
  const rates: number[] = []
  const measured = { bare: [] as number[], job: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    const bareTimes = await timeEach(SEQUENTIAL, bare)
    const jobTimes = await timeEach(SEQUENTIAL, job)
    times.bare.push(...bareTimes)
    times.job.push(...jobTimes)
    p50s.push(median(jobTimes) / median(bareTimes))
    const bareRate = await rate(IN_FLIGHT, RATE_MS, bare)
    const jobRate = await rate(IN_FLIGHT, RATE_MS, job)
    measured.bare.push(bareRate)
    measured.job.push(jobRate)
    rates.push(jobRate / bareRate)
  }
  return {
    language,
    reuse,
    bareP50Ms: median(times.bare),
    p50Ms: median(times.job),
    p95Ms: quantile(times.job, 0.95),
    p50Ratio: median(p50s),
    bareRate: median(measured.bare),
    rate: median(measured.job),
    rateRatio: median(rates),
  }
}

function print(table: readonly Row[]): void {
  const lines = [
    '| language | reuse | bare p50 ms | p50 ms | p95 ms | p50 / bare | bare jobs/s | jobs/s | jobs/s / bare |',
    '|---|---|---|---|---|---|---|---|---|',
    ...table.map((row) => {
      const { language, reuse, ...figures } = row
      return `| ${[language, reuse, ...Object.values(figures).map((figure) => figure.toFixed(2))].join(' | ')} |`
    }),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
