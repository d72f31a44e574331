import { retry } from '../../shared/retry.ts'
import type { Podman } from '../podman.ts'

/** The list is tried so often: podman gives it up when an image it has found is removed before it has read it. */
const TRIES = 8
/** Longer before each next try: on a busy machine several builds remove what they replace, one soon after another. */
const PAUSE_MS = 50

/** The references of all images podman has, those without a name left out. */
export async function listImages(podman: Pick<Podman, 'run'>): Promise<Set<string>> {
  const list = () => podman.run(['images', '--format', '{{.Repository}}:{{.Tag}}'])
  const lines = await retry(list, {
    pauseMs: (tries) => (tries < TRIES ? tries * PAUSE_MS : undefined),
    // Podman's command tells by nothing else which failure it is.
    when: (error) => /image not known/.test((error as Error).message),
  })
  return new Set(lines.split('\n').filter((line) => line !== '' && !line.includes('<none>')))
}
