import type { Config } from '../shared/config/config.ts'
import { readRootlessFacts } from './rootless/facts.ts'
import { canBeRootless, type RootlessFacts, type RootlessNeed, rootlessNeeds } from './rootless/needs.ts'

/** `PODMAN_MODE`. */
export type PodmanModeSetting = Config['sandbox']['podmanMode']

/** How podman is run here: by root, by root through sudo, or by this user. */
export type PodmanMode = 'root' | 'sudo' | 'rootless'

/** Podman was to run as this user, and cannot. The message names each thing that is missing, and how to mend it. */
export class RootlessImpossible extends Error {
  override name = 'RootlessImpossible'

  constructor(user: string, needs: readonly RootlessNeed[]) {
    const lines = needs
      .filter(({ state }) => state === 'fail')
      .flatMap(({ name, detail, mend }) => [`  ${name}: ${detail}`, `    mend: ${mend ?? ''}`])
    super(`PODMAN_MODE is rootless, and podman cannot keep limits as the user ${user} here:\n${lines.join('\n')}`)
  }
}

/**
 * Decides how podman is run: `auto` is root's own for root, rootless for a user whose machine has all it takes, else sudo.
 * @throws RootlessImpossible when rootless was asked for and cannot be
 */
export function choosePodmanMode(asked: PodmanModeSetting, facts: RootlessFacts): PodmanMode {
  const asRoot = facts.uid === 0 ? 'root' : 'sudo'
  if (asked === 'root' || (asked === 'auto' && facts.uid === 0)) return asRoot
  const needs = rootlessNeeds(facts)
  if (canBeRootless(needs)) return 'rootless'
  if (asked === 'rootless') throw new RootlessImpossible(facts.user, needs)
  return asRoot
}

/**
 * `choosePodmanMode` for this machine and this user.
 * @throws RootlessImpossible
 */
export async function podmanModeHere(asked: PodmanModeSetting): Promise<PodmanMode> {
  return choosePodmanMode(asked, await readRootlessFacts())
}

/** Without a question to the machine: root's own, else through sudo. */
export const rootMode = (uid = process.getuid?.()): PodmanMode => (uid === 0 ? 'root' : 'sudo')
