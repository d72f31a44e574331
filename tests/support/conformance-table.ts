/** What the conformance programs of a language showed. */
export interface ConformanceRow {
  id: string
  name: string
  version: string
  imageBytes: number
  /** Time of hello world, its compilation included; null where it was not measured now. */
  helloMs: number | null
  /** What the language does not have, or has otherwise, each with the reason. */
  without: readonly string[]
  /** What ended otherwise than expected, a line each. */
  deviations: readonly string[]
}

const HEADS = ['| id | name | version | image | hello | without |', '| --- | --- | --- | ---: | ---: | --- |']

/**
 * The table of languages in Markdown, sorted by id.
 * @param before the table as it was: rows of languages that were not run now stay
 * @param known ids of all languages; rows of others are left out
 * @param rows one whose hello failed is left out
 */
export function conformanceTable(
  before: string,
  known: readonly string[],
  rows: readonly (ConformanceRow & { helloFailed: boolean })[],
): string {
  const lines = new Map<string, string>()
  for (const line of before.split('\n')) {
    const id = /^\| `([^`]+)`/.exec(line)?.[1]
    if (id !== undefined && known.includes(id)) lines.set(id, line)
  }
  for (const row of rows) {
    if (row.helloFailed) lines.delete(row.id)
    else lines.set(row.id, lineOf(row, lines.get(row.id)))
  }
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
  return [...HEADS, ...sorted].join('\n')
}

/** @param before its line as it was, whose time stays where none was measured now */
function lineOf(row: ConformanceRow, before: string | undefined): string {
  const { id, name, version, imageBytes, helloMs, without, deviations } = row
  const hello = helloMs === null ? (before?.split('|')[5]?.trim() ?? '') : `${Math.round(helloMs)} ms`
  const differs = [...without, ...deviations.map((text) => `**${text.split(';')[0]}**`)].join('; ')
  const cells = [`\`${id}\``, name, version, `${Math.round(imageBytes / 1e6)} MB`, hello, differs]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
