import type { Document } from './cells.ts'
import { isFields } from './ipynb.ts'

/** A member of the metadata of notebook files, which other programs leave as it is. */
const OWN = 'runyard'

/** Packages that the sessions of a notebook begin with, as its file names them. */
export function packagesIn({ metadata }: Document): readonly string[] {
  const own = metadata[OWN]
  const named = isFields(own) ? own['dependencies'] : undefined
  return Array.isArray(named) ? named.filter((name): name is string => typeof name === 'string') : []
}

/** The same notebook with these packages. */
export function withPackages(document: Document, packages: readonly string[]): Document {
  const { [OWN]: own, ...others } = document.metadata
  const { dependencies: _before, ...rest } = isFields(own) ? own : {}
  const now = { ...rest, ...(packages.length > 0 && { dependencies: packages }) }
  return { ...document, metadata: { ...others, ...(Object.keys(now).length > 0 && { [OWN]: now }) } }
}

/** What stands in lines of a text, without the empty ones. */
export const linesWithPackages = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
