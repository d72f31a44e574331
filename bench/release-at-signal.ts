import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What this process answers to its own end, and the exit codes by which shells know it. */
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

type Release = () => unknown
/** The last registered is released first. */
const releases = new Set<Release>()
let isListening = false

/**
 * Has something released when this process is ended from outside; then it exits. A second signal ends it at once.
 * @param release idempotent
 * @returns takes that back
 */
export function releaseAtSignal(release: Release): () => void {
  releases.add(release)
  if (!isListening) {
    isListening = true
    for (const [signal, code] of Object.entries(CODES)) process.once(signal, () => void releaseAll(signal, code))
  }
  return () => void releases.delete(release)
}

async function releaseAll(signal: string, code: number): Promise<void> {
  for (const one of Object.keys(CODES)) process.removeAllListeners(one)
  // The work goes on until it meets what is gone.
  process.on('uncaughtException', () => undefined)
  process.stderr.write(`${signal}: ending what was started ...\n`)
  for (const release of [...releases].toReversed()) {
    try {
      await release()
    } catch (error) {
      process.stderr.write(`${String(error)}\n`)
    }
  }
  process.exit(code)
}

export interface TemporaryFolder {
  path: string
  /** Idempotent. */
  remove(): Promise<void>
}

/** A folder that goes with this process at the latest. */
export async function temporaryFolder(prefix: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  const release = () => rm(path, { recursive: true, force: true })
  const forget = releaseAtSignal(release)
  return {
    path,
    async remove() {
      forget()
      await release()
    },
  }
}
