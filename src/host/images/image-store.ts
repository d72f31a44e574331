import type { Podman } from '../podman.ts'

/** The list is tried so often: podman gives it up when an image it has found is removed before it has read it. */
const TRIES = 5

/** The references of all images podman has, those without a name left out. */
export async function listImages(podman: Pick<Podman, 'run'>): Promise<Set<string>> {
  let lines = ''
  for (let left = TRIES; left > 0; left--) {
    try {
      lines = await podman.run(['images', '--format', '{{.Repository}}:{{.Tag}}'])
      break
    } catch (error) {
      if (left === 1 || !/image not known/.test((error as Error).message)) throw error
    }
  }
  return new Set(lines.split('\n').filter((line) => line !== '' && !line.includes('<none>')))
}

export async function hasImage(podman: Podman, reference: string): Promise<boolean> {
  return (await podman.try(['image', 'exists', reference])).exitCode === 0
}
