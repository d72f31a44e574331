/** A table in Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const [BEGIN, END] = ['<!-- figures -->', '<!-- end of figures -->']

/** The document with other text between its marks. @throws Error when the marks are not there */
export function fillMarked(document: string, text: string): string {
  const from = document.indexOf(BEGIN)
  const to = document.indexOf(END)
  if (from < 0 || to < from) throw new Error(`the document has no ${BEGIN} and ${END}`)
  return `${document.slice(0, from)}${BEGIN}\n\n${text}\n\n${document.slice(to)}`
}
