import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { packageRoot } from '../../src/shared/package-root.ts'

/** The generated part of a document, as it is. @throws Error when the document has no such part */
export function readSection(document: string, name: string): string {
  return split(readFileSync(join(packageRoot(), document), 'utf8'), document, name).part
}

/**
 * Writes the generated part of a document: what stands between `<!-- name -->` and `<!-- end of name -->`.
 * @throws Error when the document has no such part
 */
export async function writeSection(document: string, name: string, text: string): Promise<void> {
  const path = join(packageRoot(), document)
  const { before, begin, end, after } = split(readFileSync(path, 'utf8'), document, name)
  const whole = `${before}${begin}\n\n${text}\n\n${end}${after}`
  writeFileSync(path, await format(whole, { ...(await resolveConfig(path)), filepath: path }))
}

function split(text: string, document: string, name: string) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [before, rest] = text.split(begin)
  const [part, after] = rest?.split(end) ?? []
  if (before === undefined || part === undefined || after === undefined)
    throw new Error(`${document} has no part ${begin} ... ${end}`)
  return { before, begin, part, end, after }
}
