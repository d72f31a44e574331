import { type Connection, writeFile } from '../service/connection.ts'
import { plain } from '../paint.ts'
import { printable, table } from '../table.ts'
import type { Streams } from './show-events.ts'
import { similarityPage } from './similarity-report.ts'

export interface SimilarityOptions {
  /** In percent. */
  least: number
  /** Of a page to write. */
  html?: string
  json?: boolean
}

/** Compares the submissions of a stored problem, and shows those that are alike, or writes a page of them. */
export async function similarity(
  problem: string,
  { least, html, json = false }: SimilarityOptions,
  { client }: Connection,
  { stdout, note, paint = plain }: Streams,
): Promise<void> {
  const found = await client.compareSubmissions(problem, { least, code: html !== undefined || json })
  if (html !== undefined) {
    const page = similarityPage({ problem, least, similarity: found, createdAt: new Date().toISOString() })
    writeFile(html, Buffer.from(page), '--html')
  }
  if (json) return void stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  note(`${found.compared} submissions compared; ${found.pairs.length} pairs are at least ${least} % alike`)
  if (html !== undefined) note(`wrote ${html}`)
  if (found.pairs.length === 0) return
  const columns = [
    { title: 'SIMILARITY', align: 'right' as const },
    { title: 'LANGUAGE' },
    { title: 'FIRST' },
    { title: 'SECOND' },
    { title: 'LINES' },
  ]
  const rows = found.pairs.map(({ similarity: alike, language, first, second, parts }) => {
    const lines = parts.map((part) => `${part.first.from}-${part.first.to}:${part.second.from}-${part.second.to}`)
    return [
      `${Math.round(alike * 100)} %`,
      language,
      first,
      second,
      lines.slice(0, 3).map(printable).join(' ') + (lines.length > 3 ? ' ...' : ''),
    ]
  })
  stdout.write(`${table(columns, rows, paint)}\n`)
}
