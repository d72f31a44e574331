import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Language } from '../../shared/language.ts'

/** Most names that are suggested. */
const MOST = 3
/** A shorter word says nothing. */
const WORD_LENGTH = 4
/** Hosts of modules, which many share. */
const HOSTS = new Set(['github', 'golang', 'gopkg'])

/**
 * Names that somebody may have meant who asked for a package that does not exist, the nearest first: those a letter or two away, and those
 * that share a word with it.
 * @param imported packages by the names under which programs import them
 */
export function nearNames(
  name: string,
  popular: readonly string[],
  imported: Readonly<Record<string, string>>,
): string[] {
  const wanted = name.toLowerCase()
  const found = new Map<string, number>()
  for (const [module, own] of Object.entries(imported)) if (module.toLowerCase() === wanted) found.set(own, 0)
  const words = new Set(wordsOf(wanted))
  for (const known of new Set([...popular, ...Object.values(imported)])) {
    const other = known.toLowerCase()
    if (other === wanted || found.has(known)) continue
    const away = distance(wanted, other)
    if (away <= (wanted.length < 5 ? 1 : 2)) found.set(known, away)
    else if (wordsOf(other).some((word) => words.has(word))) found.set(known, MOST + away)
  }
  return [...found]
    .toSorted(([, a], [, b]) => a - b)
    .slice(0, MOST)
    .map(([known]) => known)
}

const wordsOf = (name: string) =>
  name.split(/[^a-z0-9]+/).filter((word) => word.length >= WORD_LENGTH && !HOSTS.has(word))

/** Letters to add, leave out or change, or neighbours to change over (optimal string alignment). */
export function distance(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const change = (last?.[column - 1] ?? 0) + Number(a[row - 1] !== b[column - 1])
      const least = Math.min((last?.[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, change)
      const isOver = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      line.push(isOver ? Math.min(least, (before?.[column - 2] ?? 0) + 1) : least)
    }
    ;[before, last] = [last ?? [], line]
  }
  return last?.[b.length] ?? 0
}

/** Names of popular packages by language, as screening has them. @param root folder with `screening/` */
export function createPopularNames(root: string): (language: Pick<Language, 'id'>) => readonly string[] {
  let packages: Record<string, { popular: string[] }> | undefined
  return ({ id }) => {
    packages ??= readPackages(join(root, 'screening/dependencies.json'))
    return packages[id]?.popular ?? []
  }
}

function readPackages(file: string): Record<string, { popular: string[] }> {
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
    dependencies: { packages: Record<string, { popular: string[] }> }
  }
  return dependencies.packages
}
