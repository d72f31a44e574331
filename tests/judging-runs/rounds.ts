import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median, quantile } from '../../bench/statistics.ts'

/** A round that is over: every row was judged once. */
export interface Round {
  seconds: number
  /** Of the machine, for each processor, at its end. */
  load: number
  /** The slowest row. */
  slowest: { title: string; seconds: number }
  /** By group of rows. */
  judged: Record<string, number>
  wrong: Record<string, number>
}

/** Rounds of one build with one choice of rows, those of earlier runs among them. */
export interface Rounds {
  readonly done: readonly Round[]
  add: (round: Round) => void
}

/** @param file keeps them between runs; those of another build or choice are left out */
export function openRounds(file: string | undefined, root: string, choice: unknown): Rounds {
  const of = createHash('sha256').update(buildOf(root)).update(JSON.stringify(choice)).digest('hex')
  const kept =
    file !== undefined && existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as { of: string; done: Round[] })
      : undefined
  const done = kept?.of === of ? kept.done : []
  return {
    done,
    add(round) {
      done.push(round)
      if (file !== undefined) writeFileSync(file, JSON.stringify({ of, done }))
    },
  }
}

/** Names what is tried: the programs that run. */
function buildOf(root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'sandbox/build/init')))
  const files = ['api', 'worker', 'shared'].flatMap((folder) =>
    readdirSync(join(root, 'dist', folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  for (const path of files.toSorted()) hash.update(path.slice(root.length)).update(readFileSync(path))
  return hash.digest('hex')
}

/** What the rounds come to, as lines of text. */
export function tableOf(rounds: readonly Round[]): string[] {
  const groups = [...new Set(rounds.flatMap(({ judged }) => Object.keys(judged)))]
  const sum = (what: 'judged' | 'wrong', group: string) =>
    rounds.reduce((all, round) => all + (round[what][group] ?? 0), 0)
  const rows = groups.map((group) => [group, String(sum('judged', group)), String(sum('wrong', group))])
  const total = (column: number) => String(rows.reduce((all, row) => all + Number(row[column]), 0))
  const table = [['kind', 'judged', 'wrong'], ...rows, ['all', total(1), total(2)]]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const lines = table.map(([kind = '', ...numbers]) =>
    [kind.padEnd(widths[0] ?? 0), ...numbers.map((text, index) => text.padStart(widths[index + 1] ?? 0))].join('  '),
  )
  const range = (values: number[]) => `${quantile(values, 0)} to ${quantile(values, 1)}, median ${median(values)}`
  return [
    ...lines,
    `rounds: ${rounds.length}; seconds each: ${range(rounds.map(({ seconds }) => seconds))}; load for each processor: ${range(rounds.map(({ load }) => load))}`,
  ]
}
