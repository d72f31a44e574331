import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes what images take on the disk into languages/sizes.json, in megabytes beside the base image; what was not measured now
 * keeps its entry.
 * @param images bytes of each language's image, the base image's among them
 */
export function recordSizes(root: string, images: ReadonlyMap<string, number>, baseBytes: number): void {
  const now = [...images].map(([id, bytes]) => [id, bytes - baseBytes] as const)
  record(join(root, 'languages/sizes.json'), new Map([['base', baseBytes], ...now]))
}

/**
 * Writes what interpreters that wait hold in memory into languages/memory.json, in megabytes; what was not measured now keeps its entry.
 * @param waiting bytes by id of a language
 */
export function recordMemory(root: string, waiting: ReadonlyMap<string, number>): void {
  record(join(root, 'languages/memory.json'), waiting)
}

/** @param bytes by name; `base` comes first, the others by name */
function record(file: string, bytes: ReadonlyMap<string, number>): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : {}
  const now = [...bytes].map(([name, count]) => [name, Math.max(0.1, Math.round(count / 1e5) / 10)] as const)
  const sorted = Object.entries({ ...before, ...Object.fromEntries(now) })
    .map(([name, megabytes]) => ({ name, megabytes }))
    .sort((a, b) => Number(b.name === 'base') - Number(a.name === 'base') || (a.name < b.name ? -1 : 1))
  const text = JSON.stringify(Object.fromEntries(sorted.map(({ name, megabytes }) => [name, megabytes])), undefined, 2)
  writeFileSync(file, `${text}\n`)
}
