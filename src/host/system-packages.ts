import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from './command.ts'

export interface SystemPackage {
  name: string
  /** What Runyard needs it for. */
  for: string
  /** The one command that needs it; absent: all do. */
  only?: string
}

/** What Runyard needs to run: the list the set-up installs from, without what only its tests need. */
export async function systemPackages(root: string): Promise<SystemPackage[]> {
  const all = JSON.parse(await readFile(join(root, 'scripts/system-packages.json'), 'utf8')) as SystemPackage[]
  return all.filter(({ only }) => only === undefined)
}

/** Those of the packages that dpkg does not have installed. */
export async function missingPackages(packages: readonly SystemPackage[]): Promise<SystemPackage[]> {
  const names = packages.map(({ name }) => name)
  const { stdout } = await tryCommand([
    'dpkg-query',
    '--show',
    '--showformat',
    '${db:Status-Status} ${Package}\n',
    ...names,
  ])
  const installed = new Set(stdout.split('\n').filter((line) => line.startsWith('installed ')))
  return packages.filter(({ name }) => !installed.has(`installed ${name}`))
}
