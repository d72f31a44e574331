import type { Language } from '../../shared/language.ts'
import { loadWaitingMemory } from '../../shared/language-groups.ts'
import type { PrewarmProgram } from './prewarmed.ts'
import { partsOf } from './sandbox-image.ts'

/** Of a language that was not measured, such as one of the operator's own. */
const UNMEASURED_BYTES = 64_000_000
/** An estimate for what was imported ahead, whatever it is, beside the interpreter: numpy, pandas and matplotlib hold less together. */
const PRELOADED_BYTES = 160_000_000

/**
 * What an interpreter that waits in a sandbox holds in memory, by the sandbox's image.
 * @param folder with `memory.json`
 * @param prewarm what can be prewarmed in a sandbox of an image
 * @returns 0 for an image in which none can wait
 * @throws Error naming the file when it is malformed
 */
export function waitingMemory(
  folder: string,
  languageOf: (image: string) => Language | undefined,
  prewarm: (image: string) => PrewarmProgram | undefined,
): (image: string) => number {
  const measured = loadWaitingMemory(folder)
  // What runs in an image never changes, and the pool asks with each job.
  const known = new Map<string, number>()
  return (sandboxImage) => {
    const { image, modules } = partsOf(sandboxImage)
    const bytes = known.get(image) ?? bytesOf(image)
    known.set(image, bytes)
    return bytes > 0 && modules.length > 0 ? bytes + PRELOADED_BYTES : bytes
  }

  function bytesOf(image: string): number {
    return prewarm(image) ? (measured.get(languageOf(image)?.id ?? '') ?? UNMEASURED_BYTES) : 0
  }
}
