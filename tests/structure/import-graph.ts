import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

/** One file that imports another, both as paths from the folder that was read. */
export interface Import {
  from: string
  to: string
}

const IMPORT = /^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm

/** Every import of one file under a folder by another, those of types too. */
export function importsUnder(folder: string): Import[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))
  return files.flatMap((from) =>
    [...readFileSync(join(folder, from), 'utf8').matchAll(IMPORT)]
      .map(([, fixed, lazy]) => relative(folder, resolve(folder, dirname(from), fixed ?? lazy ?? '')))
      .filter((to) => !to.startsWith('..'))
      .map((to) => ({ from, to })),
  )
}

/**
 * Circles of folders. Two folders are held against each other where their paths part: `api/jobs/socket/a.ts` that imports
 * `api/http/b.ts` makes `api/jobs` stand on `api/http`. What a folder and the folders in it import of one another is its own matter.
 * @returns each circle with the imports that make it
 */
export function folderCircles(imports: readonly Import[]): { folders: string[]; imports: Import[] }[] {
  const edges = new Map<string, Map<string, Import[]>>()
  for (const one of imports) {
    const [from, to] = parting(one)
    if (from === undefined || to === undefined) continue
    const targets = edges.get(from) ?? new Map<string, Import[]>()
    targets.set(to, [...(targets.get(to) ?? []), one])
    edges.set(from, targets)
  }
  const reach = (start: string): Set<string> => {
    const seen = new Set<string>()
    const left = [start]
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      for (const to of edges.get(next)?.keys() ?? []) {
        if (!seen.has(to)) left.push(to)
        seen.add(to)
      }
    }
    return seen
  }
  const reached = new Map([...edges.keys()].map((folder) => [folder, reach(folder)]))
  const told = new Set<string>()
  return [...edges.keys()].sort().flatMap((folder) => {
    if (told.has(folder) || !reached.get(folder)?.has(folder)) return []
    const folders = [...(reached.get(folder) ?? [])].filter((other) => reached.get(other)?.has(folder)).sort()
    folders.forEach((one) => told.add(one))
    const making = folders.flatMap((from) => folders.flatMap((to) => edges.get(from)?.get(to) ?? []))
    return [{ folders, imports: making }]
  })
}

/** The two folders at which the paths of an import part; none where one lies in a folder of the other. */
function parting({ from, to }: Import): [from: string | undefined, to: string | undefined] {
  const [ofFrom, ofTo] = [from, to].map((path) => path.split(sep).slice(0, -1)) as [string[], string[]]
  let depth = 0
  while (depth < ofFrom.length && ofFrom[depth] === ofTo[depth]) depth++
  if (depth === ofFrom.length || depth === ofTo.length) return [undefined, undefined]
  return [ofFrom.slice(0, depth + 1).join('/'), ofTo.slice(0, depth + 1).join('/')]
}

const folderOf = (path: string) => path.split(sep).slice(0, -1).join('/')

/**
 * Folders whose own files and those of a folder in them import one another, as `folder <-> folder in it`. The folders at the top
 * are left out: there the files beside the folders put a process together, and hold what it is put together with.
 */
export function nestedCircles(imports: readonly Import[]): string[] {
  const edges = new Set(imports.map(({ from, to }) => `${folderOf(from)} ${folderOf(to)}`))
  return [...edges]
    .map((edge) => edge.split(' ') as [string, string])
    .filter(([from, to]) => from.includes('/') && to.startsWith(`${from}/`) && edges.has(`${to} ${from}`))
    .map(([from, to]) => `${from} <-> ${to}`)
    .sort()
}
