import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'

export const root = packageRoot()

export const readDoc = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The cells of every table row of a Markdown text, head and rule left out. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n')
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    )
}

const isRule = (line: string) => /^\|[\s|:-]+\|$/.test(line)

/** `text` out of `` `text` ``. */
export const uncoded = (cell: string): string => cell.replaceAll('`', '')
