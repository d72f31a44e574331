/**
 * How long screening takes for 1 MiB of the worst text.
 *
 * First the long runs that the limit is told for, each in a process of its own, whose code is compiled for this text
 * alone, and then all of them in turns in one process, as a gateway meets them. Then other texts, in turns, with how often
 * 1 MiB takes the processor's time of 256 KiB: 4 times when time is linear. Beside the wall clock stands the processor's
 * time, so that a busy machine can be told from slow code.
 * Run: npx tsx bench/screening.ts [runs]
 */
import { execFileSync } from 'node:child_process'
import { loadRules } from '../src/api/screening/load-rules.ts'
import { createScreening } from '../src/api/screening/screening.ts'
import { SCREENED_LANGUAGES } from '../src/api/screening/lexers/lexers.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { ALTERNATIONS, LONG_RUNS, WORDS } from './screening-shapes.ts'
import { median } from './statistics.ts'

const MIB = 1024 * 1024
const LIMIT_MS = 5
const WARM_UP = 3
const PLAIN = '(plain)'

interface Cell {
  language: string
  piece: string
}

interface Sample {
  wallMs: number
  cpuMs: number
}

const screening = createScreening(loadRules(packageRoot()))
const [runs = '15', ...only] = process.argv.slice(2)
if (only.length > 0) {
  const [cell] = JSON.parse(only[0]!) as [Cell]
  console.log(JSON.stringify(inTurns([cell], MIB)))
} else main()

function main() {
  const longRuns = cellsOf(LONG_RUNS)
  const alone = longRuns.map((cell) => {
    const args = [...process.execArgv, import.meta.filename, runs, JSON.stringify([cell])]
    return (JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Sample[])[0]!
  })
  tell('long runs, a process each', longRuns, alone)
  tell('long runs, in turns', longRuns, inTurns(longRuns, MIB))
  const others = cellsOf([...ALTERNATIONS, ...WORDS])
  tell('other texts, in turns', others, inTurns(others, MIB), inTurns(others, MIB / 4))
}

function cellsOf(pieces: string[]): Cell[] {
  return [...SCREENED_LANGUAGES, PLAIN].flatMap((language) => pieces.map((piece) => ({ language, piece })))
}

/** Screens the text of each cell once, then all of them again, and so on. @returns medians, by cell */
function inTurns(cells: Cell[], bytes: number): Sample[] {
  const samples = cells.map((): Sample[] => [])
  for (let run = 0; run < Number(runs) + WARM_UP; run++) {
    for (const [index, cell] of cells.entries()) {
      const sample = screenOnce(cell, bytes)
      if (run >= WARM_UP) samples[index]!.push(sample)
    }
  }
  return samples.map((of) => ({
    wallMs: median(of.map(({ wallMs }) => wallMs)),
    cpuMs: median(of.map(({ cpuMs }) => cpuMs)),
  }))
}

function screenOnce({ language, piece }: Cell, bytes: number): Sample {
  const whole = piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)))
  // As in the gateway: the text comes out of JSON.parse, flat and in one piece.
  const text = JSON.parse(JSON.stringify(whole)) as string
  const texts = [{ pointer: '/code', language: language === PLAIN ? undefined : language, text }]
  const cpu = process.cpuUsage()
  const start = performance.now()
  screening.screen({ texts, dependencies: [] }, 'strict')
  const wallMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs, cpuMs: (user + system) / 1000 }
}

function tell(title: string, cells: Cell[], samples: Sample[], quarters?: Sample[]) {
  console.log(`\n${title}\nlanguage    input                  median ms   cpu ms${quarters ? '   times 256 KiB' : ''}`)
  const rows = cells.map((cell, index) => ({ ...cell, ...samples[index]!, quarterMs: quarters?.[index]?.cpuMs }))
  for (const { language, piece, wallMs, cpuMs, quarterMs } of rows.toSorted((a, b) => a.wallMs - b.wallMs)) {
    const input = JSON.stringify(piece.length > 20 ? `${piece.slice(0, 17)}...` : piece)
    const growth = quarterMs === undefined ? '' : (cpuMs / quarterMs).toFixed(1).padStart(16)
    const figures = `${wallMs.toFixed(2).padStart(9)} ${cpuMs.toFixed(2).padStart(8)}${growth}`
    console.log(`${language.padEnd(11)} ${input.padEnd(22)} ${figures}`)
  }
  const within = (key: 'wallMs' | 'cpuMs') => rows.filter((row) => row[key] <= LIMIT_MS).length
  console.log(`${within('wallMs')} of ${rows.length} within ${LIMIT_MS} ms, ${within('cpuMs')} by processor time`)
}
