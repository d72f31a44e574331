import type { Comparison } from '../../client/client.ts'
import { liveLine } from '../live-line.ts'
import { plain } from '../paint.ts'
import { type Connection, PATIENT_RETRIES, writeFile } from '../service/connection.ts'
import { printable, table } from '../table.ts'
import type { Streams } from './show-events.ts'

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
  { stdout, stderr, note, paint = plain }: Streams,
): Promise<void> {
  const live = liveLine(stderr)
  if (!(stderr as { isTTY?: boolean }).isTTY) note('comparing the submissions; this may take a few minutes')
  const onProgress = (comparison: Comparison) => live.show(progressOf(comparison))
  const retries = PATIENT_RETRIES
  const found = await client
    .compareSubmissions(problem, { least, code: json, onProgress, retries })
    .finally(() => live.clear())
  if (html !== undefined) {
    const report = await client.similarityReport(problem, { least, retries, comparison: found.id })
    writeFile(html, Buffer.from(report), '--html')
  }
  if (json) return void stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  const pairs = found.pairs.length === 1 ? '1 pair is' : `${found.pairs.length} pairs are`
  note(`${found.compared} submission${found.compared === 1 ? '' : 's'} compared; ${pairs} at least ${least} % alike`)
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

function progressOf({ state, progress }: Comparison): string {
  if (!progress) return state === 'queued' ? 'waiting for a worker' : 'comparing'
  return `${progress.step} submissions: ${progress.done} of ${progress.total}`
}
