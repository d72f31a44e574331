/** What the conformance programs of a language showed. */
export interface ConformanceRow {
  id: string
  name: string
  version: string
  imageBytes: number
  /** Time of hello world, its compilation included. */
  helloMs: number
  /** What the language does not have, each with the reason. */
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
    else lines.set(row.id, lineOf(row))
  }
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
  return [...HEADS, ...sorted].join('\n')
}

function lineOf({ id, name, version, imageBytes, helloMs, without, deviations }: ConformanceRow): string {
  const differs = [...without, ...deviations.map((text) => `**${text.split(';')[0]}**`)].join('; ')
  const cells = [`\`${id}\``, name, version, `${Math.round(imageBytes / 1e6)} MB`, `${Math.round(helloMs)} ms`, differs]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
