import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { packageRoot } from '../../src/shared/package-root.ts'

/**
 * Writes the generated part of a document: what stands between `<!-- name -->` and `<!-- end of name -->`.
 * @throws Error when the document has no such part
 */
export async function writeSection(document: string, name: string, text: string): Promise<void> {
  const path = join(packageRoot(), document)
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [before, rest] = readFileSync(path, 'utf8').split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`${document} has no part ${begin} ... ${end}`)
  const whole = `${before}${begin}\n\n${text}\n\n${end}${after}`
  writeFileSync(path, await format(whole, { ...(await resolveConfig(path)), filepath: path }))
}
