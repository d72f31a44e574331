import { appendFileSync } from 'node:fs'

/** What was tried in one part, line by line. */
export interface Trial {
  /** Tries one thing; a failure is kept, and the next thing is tried. @param look returns what was found */
  check(name: string, look: () => Promise<string>): Promise<boolean>
  /** What is only told. */
  note(name: string, what: string): void
  readonly say: (text: string) => void
}

export interface Row {
  part: string
  name: string
  outcome: 'ok' | 'FAILED' | 'note' | 'skipped'
  seconds: number
  detail: string
}

/** @param from the first thing that is tried; what comes before it passed on this machine already */
export function createTrial(part: string, rows: Row[], say: (text: string) => void, from?: string): Trial {
  let skips = from !== undefined
  const add = (row: Omit<Row, 'part'>) => {
    rows.push({ part, ...row })
    say(`${row.outcome.padEnd(7)} ${row.name}: ${row.detail}`)
  }
  return {
    async check(name, look) {
      skips &&= name !== from
      if (skips) {
        add({ name, outcome: 'skipped', seconds: 0, detail: '' })
        return true
      }
      const began = performance.now()
      const seconds = () => (performance.now() - began) / 1000
      try {
        const detail = await look()
        add({ name, outcome: 'ok', seconds: seconds(), detail })
        return true
      } catch (error) {
        add({
          name,
          outcome: 'FAILED',
          seconds: seconds(),
          detail: error instanceof Error ? error.message : String(error),
        })
        return false
      }
    },
    note: (name, detail) => add({ name, outcome: 'note', seconds: 0, detail }),
    say,
  }
}

/** Says a line with the time since the start, on the terminal and into a log. */
export function createSay(file: string): (text: string) => void {
  const began = performance.now()
  return (text) => {
    const line = `${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}`
    console.log(line.length > 2000 ? `${line.slice(0, 2000)} ...` : line)
    appendFileSync(file, `${line}\n`)
  }
}

export function table(rows: readonly Row[]): string {
  const width = (key: 'part' | 'name') => Math.max(...rows.map((row) => row[key].length))
  return rows
    .map(({ part, name, outcome, seconds, detail }) => {
      const first = detail.split('\n')[0]?.slice(0, 100) ?? ''
      return `${outcome.padEnd(7)}  ${part.padEnd(width('part'))}  ${name.padEnd(width('name'))}  ${seconds.toFixed(0).padStart(4)} s  ${first}`
    })
    .join('\n')
}
