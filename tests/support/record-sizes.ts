import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes what images take on the disk into languages/sizes.json, in megabytes beside the base image; what was not measured now
 * keeps its entry.
 * @param images bytes of each language's image, the base image's among them
 */
export function recordSizes(root: string, images: ReadonlyMap<string, number>, baseBytes: number): void {
  const file = join(root, 'languages/sizes.json')
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
  const megabytes = (bytes: number) => Math.max(0.1, Math.round(bytes / 1e5) / 10)
  const now = [...images].map(([id, bytes]) => [id, megabytes(bytes - baseBytes)] as const)
  const { base: _, ...others } = { ...before, ...Object.fromEntries(now) }
  const sorted = Object.entries(others).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(
    file,
    `${JSON.stringify({ base: megabytes(baseBytes), ...Object.fromEntries(sorted) }, undefined, 2)}\n`,
  )
}
