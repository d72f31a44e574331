import { canBeRootless, type RootlessFacts, rootlessNeeds } from '../../host/rootless/needs.ts'
import type { PodmanModeSetting } from '../../host/podman-mode.ts'
import { type Check, ok, warn } from './check.ts'

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

/**
 * How podman keeps images and containers. Its last resort copies all files of an image for each container.
 * @param driver what `podman info` says
 */
export function checkStorage(driver: string): Check {
  if (driver !== 'vfs') return ok('rootless: storage', driver)
  return warn(
    'rootless: storage',
    'vfs, which copies an image for each sandbox',
    'put "[storage]" and \'driver = "overlay"\' into ~/.config/containers/storage.conf; then podman system reset, which removes this user\'s images',
  )
}
