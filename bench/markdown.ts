import { readFile, writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'

/** A table in Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const [BEGIN, END] = ['<!-- figures -->', '<!-- end of figures -->']

/** Puts other text between the marks of a document. @throws Error when the marks are not there */
export async function fillMarked(file: string, text: string): Promise<void> {
  const document = await readFile(file, 'utf8')
  const from = document.indexOf(BEGIN)
  const to = document.indexOf(END)
  if (from < 0 || to < from) throw new Error(`${file} has no ${BEGIN} and ${END}`)
  const filled = `${document.slice(0, from)}${BEGIN}\n\n${text}\n\n${document.slice(to)}`
  await writeFile(file, await format(filled, { ...(await resolveConfig(file)), parser: 'markdown' }))
}
