import { RunyardError } from '../../../client/client.ts'
import type { Environment } from '../../../shared/environments/environment.ts'

/** How far the installation of packages is. */
export type InstallationState = Pick<Environment, 'state' | 'progress' | 'error'>

const POLL_MS = 400

/** Tells how packages are installed for a job, as long as it waits for them. The end of the job tells what came of them, too. */
export async function followPackages({
  read,
  isWaiting,
  onProgress,
  onError,
}: {
  read: () => Promise<InstallationState>
  isWaiting: () => boolean
  /** Told each step once, in words. */
  onProgress: (words: string) => void
  onError: (error: NonNullable<InstallationState['error']>) => void
}): Promise<void> {
  let last = ''
  while (isWaiting()) {
    const { progress, error, state } = await read().catch(nothingNew)
    if (!isWaiting()) return
    if (error) return onError(error)
    if (state === 'ready' || state === 'failed') return
    const words = progress ?? (state === 'queued' ? 'waiting for the packages to be installed' : last)
    if (words !== last) onProgress((last = words))
    await new Promise((resume) => setTimeout(resume, POLL_MS))
  }
}

const nothingNew = (error: unknown): InstallationState => {
  if (!(error instanceof RunyardError)) throw error
  return { state: 'building', progress: null, error: null }
}
