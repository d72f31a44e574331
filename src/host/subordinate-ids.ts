import { readFile } from 'node:fs/promises'
import { runCommand } from './command.ts'
import { rootPrefix } from './root-command.ts'

/** Whose ranges podman takes for `userns=auto`. */
const OWNER = 'containers'
/** The upper half of all ids: far from the ranges that useradd gives to people. */
const FIRST = 2 ** 31 - 1
const COUNT = 2 ** 31
/** Ids of one sandbox; a worker has many. */
const NEEDED = 16 * 65536

const FILES = ['/etc/subuid', '/etc/subgid'] as const

/** The files in which podman finds no range, or too small a one, for user namespaces of sandboxes. */
export async function missingSubordinateIds(): Promise<string[]> {
  const texts = await Promise.all(FILES.map((file) => readFile(file, 'utf8').catch(() => '')))
  return FILES.filter((_, index) => rangeOf(OWNER, texts[index] ?? '') < NEEDED)
}

/** Adds what is missing; needs root or sudo. */
export async function ensureSubordinateIds(): Promise<void> {
  for (const file of await missingSubordinateIds()) {
    const line = `${OWNER}:${FIRST}:${COUNT}`
    await runCommand([...rootPrefix(), 'sh', '-c', 'printf "%s\\n" "$1" >>"$2"', 'sh', line, file])
  }
}

/** How many ids the lines `owner:first:count` give to an owner. */
export function rangeOf(owner: string, text: string): number {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name]) => name === owner)
    .reduce((sum, [, , count]) => sum + (Number(count) || 0), 0)
}
