import { canBeRootless, type RootlessFacts, rootlessNeeds } from '../../host/rootless/needs.ts'
import type { PodmanModeSetting } from '../../host/podman-mode.ts'
import { type Check, ok } from './check.ts'

/**
 * What rootless podman needs. Where it was asked for, or is what `auto` takes, each need is a check; elsewhere one line
 * says how much is missing.
 */
export function checkRootless(asked: PodmanModeSetting, facts: RootlessFacts): Check[] {
  if (asked === 'root' || (asked === 'auto' && facts.uid === 0)) return []
  const needs = rootlessNeeds(facts)
  if (asked === 'rootless' || canBeRootless(needs)) {
    return needs.map((need) => ({ ...need, name: `rootless: ${need.name}` }))
  }
  const lacking = needs.filter(({ state }) => state === 'fail').map(({ name }) => name)
  return [ok('rootless', `not possible yet, podman is run through sudo; lacking: ${lacking.join(', ')}`)]
}
