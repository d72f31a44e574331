/** Where a sandbox has the packages of its environment. */
export const ENVIRONMENT_FOLDER = '/environment'
/** Where a socket of the worker's is shown to a sandbox that may reach something. */
export const WAY_OUT_FOLDER = '/.runyard/way-out'

const SEPARATOR = '+environment-'

/** What a sandbox is made of, in one text, since the pool keeps sandboxes by it: an image, and the key of an environment that is mounted. */
export const withEnvironment = (image: string, key: string | undefined): string =>
  key === undefined ? image : `${image}${SEPARATOR}${key}`

export function partsOf(sandboxImage: string): { image: string; environment: string | undefined } {
  const at = sandboxImage.indexOf(SEPARATOR)
  if (at < 0) return { image: sandboxImage, environment: undefined }
  return { image: sandboxImage.slice(0, at), environment: sandboxImage.slice(at + SEPARATOR.length) }
}
