import type { Format, Paint } from './paint.ts'

export interface Column {
  title: string
  /** Numbers stand to the right. */
  align?: 'left' | 'right'
  /** How a cell is coloured. */
  format?: (cell: string) => Format | undefined
}

/** Rows below their titles, each column as wide as its widest cell. */
export function table(columns: readonly Column[], body: readonly (readonly string[])[], paint: Paint): string {
  const rows = body.map((row) => row.map(printable))
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[], formatOf: (column: Column, cell: string) => Format | undefined) =>
    columns
      .map((column, i) => {
        const cell = row[i] ?? ''
        const format = formatOf(column, cell)
        const gap = ' '.repeat((widths[i] ?? 0) - cell.length)
        const shown = format === undefined ? cell : paint(format, cell)
        return column.align === 'right' ? gap + shown : i === columns.length - 1 ? shown : shown + gap
      })
      .join('  ')
      .trimEnd()
  const head = line(
    columns.map(({ title }) => title),
    () => 'bold',
  )
  return [head, ...rows.map((row) => line(row, ({ format }, cell) => format?.(cell)))].join('\n')
}

/** Names and details come from programs and requests: what would steer a terminal is not printed. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '?')

/** The same of a text of several lines, such as a message of a judge's, which may quote a program. */
export const printableLines = (text: string): string => text.replaceAll(/(?![\n\t])\p{Cc}/gu, '?')

/** `1 test`, `2 tests`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** `2027-01-31 12:00:00`, of a time as RFC 3339 has it in UTC. */
export const second = (timestamp: string): string => timestamp.slice(0, 19).replace('T', ' ')
