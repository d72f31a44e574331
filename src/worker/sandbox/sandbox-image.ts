/** Where a socket of the worker's is shown to a sandbox that may reach something. */
export const WAY_OUT_FOLDER = '/.runyard/way-out'

const SEPARATOR = '+environment-'
/** Before each module: no name of one has it. */
const MODULE = '+'

/** An environment on this host. Evicted and installed again, it is another tree, which sandboxes of before do not have. */
export interface MountedEnvironment {
  key: string
  /** Names the tree. */
  tree: string
}

/**
 * What a sandbox is made of, in one text, since the pool keeps sandboxes by it: an image, and an environment that is mounted.
 * @param modules those of the environment that an interpreter that waits has imported
 */
export const withEnvironment = (
  image: string,
  environment: MountedEnvironment | undefined,
  modules: readonly string[] = [],
): string =>
  environment === undefined
    ? image
    : `${image}${SEPARATOR}${environment.key}.${environment.tree}${modules.map((name) => MODULE + name).join('')}`

/** @returns with the key of the environment */
export function partsOf(sandboxImage: string): { image: string; environment: string | undefined; modules: string[] } {
  const at = sandboxImage.indexOf(SEPARATOR)
  if (at < 0) return { image: sandboxImage, environment: undefined, modules: [] }
  const [mounted = '', ...modules] = sandboxImage.slice(at + SEPARATOR.length).split(MODULE)
  const [environment] = mounted.split('.')
  return { image: sandboxImage.slice(0, at), environment, modules }
}
