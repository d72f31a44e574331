/**
 * How long screening takes for 1 MiB of the worst text. Beside the time stand the processor's own time for it, and its
 * ratio to `JSON.parse` of the same text, so that a busy machine can be told from slow code.
 * Run: npx tsx bench/screening.ts [runs]
 */
import { loadRules } from '../src/api/screening/load-rules.ts'
import { createScreening } from '../src/api/screening/screening.ts'
import { SCREENED_LANGUAGES } from '../src/api/screening/lexis/lexes.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { median } from './statistics.ts'

const MIB = 1024 * 1024
const LIMIT_MS = 5
const runs = Number(process.argv[2] ?? 15)

const REPEATED = [
  'a',
  'a ',
  '(',
  ' ',
  '"',
  "'",
  '`',
  '\n',
  '/*',
  '#',
  '/',
  '{',
  '<<A ',
  '\\',
  'eval(',
  'eval ',
  'eval(){',
  'os.',
  'system ',
  ':(){',
  'x|',
  'while(1)',
  'while True:\n',
  'for(;;){',
  'loop {',
  'rm -r ',
  '"rm" "-r" ',
  'nc ',
  '= "SELECT ',
  '`${',
  '"#{',
  'f"{',
  '"$(',
  'r#"',
  '%w(',
  '\u{1f600}',
  'é',
  '\0',
  '\r\n',
  'mixed: a_b = (1 + "two") /* 3 */ # \u{1f600}\n',
]

interface Row {
  language: string
  input: string
  medianMs: number
  cpuMs: number
  maxMs: number
  ratio: number
}

const screening = createScreening(loadRules(packageRoot()))
const rows: Row[] = []
for (const language of [...SCREENED_LANGUAGES, undefined]) {
  for (const piece of REPEATED) rows.push(measure(language, piece))
}
rows.sort((a, b) => a.medianMs - b.medianMs)
console.log('language    input                   median ms   max ms   cpu ms   times JSON.parse')
for (const { language, input, medianMs, maxMs, cpuMs, ratio } of rows) {
  const times = [
    medianMs.toFixed(2).padStart(9),
    maxMs.toFixed(2).padStart(8),
    cpuMs.toFixed(2).padStart(8),
    ratio.toFixed(1).padStart(18),
  ]
  console.log(`${language.padEnd(11)} ${input.padEnd(23)} ${times.join(' ')}`)
}
const slow = rows.filter(({ medianMs }) => medianMs > LIMIT_MS)
const busy = rows.filter(({ cpuMs }) => cpuMs > LIMIT_MS)
console.log(`\n${rows.length - slow.length} of ${rows.length} within ${LIMIT_MS} ms (median of ${runs} runs of 1 MiB)`)
console.log(`${rows.length - busy.length} of ${rows.length} within ${LIMIT_MS} ms of processor time`)

function measure(language: string | undefined, piece: string): Row {
  const whole = piece.repeat(Math.floor(MIB / Buffer.byteLength(piece)))
  const json = JSON.stringify(whole)
  // As in the gateway: the text comes out of JSON.parse, flat and in one piece.
  const text = JSON.parse(json) as string
  const subject = { texts: [{ pointer: '/code', language, text }], dependencies: [] }
  const screened = times(() => screening.screen(subject, 'strict'))
  const parsed = times(() => JSON.parse(json) as unknown)
  const input = JSON.stringify(piece.length > 20 ? `${piece.slice(0, 17)}...` : piece)
  return {
    language: language ?? '(plain)',
    input,
    medianMs: screened.median,
    maxMs: screened.max,
    cpuMs: screened.cpu,
    ratio: screened.median / parsed.median,
  }
}

function times(work: () => unknown): { median: number; max: number; cpu: number } {
  const samples: number[] = []
  const cpuSamples: number[] = []
  for (let i = 0; i < runs + 2; i++) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    work()
    samples.push(performance.now() - start)
    const { user, system } = process.cpuUsage(cpu)
    cpuSamples.push((user + system) / 1000)
  }
  // The first two warm up.
  const measured = samples.slice(2)
  return { median: median(measured), max: Math.max(...measured), cpu: median(cpuSamples.slice(2)) }
}
