import { PLAIN, type Style } from './ansi.ts'

/** A piece of a line that looks the same throughout. */
export interface Run {
  text: string
  style: Style
  /** Of which stream it came, or `odd` for what stands for a character that cannot be shown. */
  source: 'stdout' | 'stderr' | 'stdin' | 'odd'
}

/** The line that is being written, which a carriage return lets a program write over. */
export interface OpenLine {
  write(run: Run): void
  /** The next text is written over the line from its beginning. */
  toStart(): void
  back(): void
  /** From the cursor on. */
  erase(): void
  length(): number
  /** The line as it is. */
  runs(): readonly Run[]
  /** The line as it is, which ends here: the next one is empty. */
  take(): Run[]
}

export function createOpenLine(): OpenLine {
  let runs: Run[] = []
  let length = 0
  let cursor = 0

  /** Cuts the runs at a place. @returns the index of the run that begins there */
  const cut = (place: number): number => {
    let begin = 0
    for (const [index, run] of runs.entries()) {
      if (begin === place) return index
      const end = begin + run.text.length
      if (end > place) {
        const [left, right] = [run.text.slice(0, place - begin), run.text.slice(place - begin)]
        runs.splice(index, 1, { ...run, text: left }, { ...run, text: right })
        return index + 1
      }
      begin = end
    }
    return runs.length
  }
  const append = (run: Run) => {
    const last = runs.at(-1)
    if (last && last.style === run.style && last.source === run.source) last.text += run.text
    else runs.push({ ...run })
  }

  return {
    write(run) {
      if (run.text === '') return
      if (cursor === length) {
        append(run)
        length += run.text.length
      } else {
        const from = cut(cursor)
        const to = cut(Math.min(length, cursor + run.text.length))
        runs.splice(from, to - from, { ...run })
        length = Math.max(length, cursor + run.text.length)
      }
      cursor += run.text.length
    },
    toStart: () => void (cursor = 0),
    back: () => void (cursor = Math.max(0, cursor - 1)),
    erase() {
      runs.splice(cut(cursor))
      length = cursor
    },
    length: () => length,
    runs: () => runs,
    take() {
      const taken = runs
      runs = []
      length = cursor = 0
      return taken
    },
  }
}

export const isPlain = (run: Run): boolean => run.style === PLAIN && run.source === 'stdout'
