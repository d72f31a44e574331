import { readDoc } from '../docs/tables.ts'

export interface DocExample {
  /** The heading above it. */
  title: string
  code: string
  /** What the block of `text` behind it says it writes; undefined when there is none. */
  output: string | undefined
}

/** The blocks of a language in a document, each with the output that is shown behind it. */
export function examplesOf(document: string, language: string): DocExample[] {
  const block = new RegExp(
    `^## ([^\\n]+)$|^\`\`\`${language}\\n(.*?)^\`\`\`\\n(?:\\n\`\`\`text\\n(.*?)^\`\`\`\\n)?`,
    'gms',
  )
  let title = ''
  const found: DocExample[] = []
  for (const [, heading, code, output] of readDoc(document).matchAll(block)) {
    if (heading !== undefined) title = heading
    else if (code !== undefined) found.push({ title, code, output })
  }
  if (found.length === 0) throw new Error(`${document} has no example in ${language}`)
  return found
}
