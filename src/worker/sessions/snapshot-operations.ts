import { FileRefused } from '../../shared/files/save-file.ts'
import type { Agent } from './agent.ts'
import type { Clock } from './clock.ts'
import { ArchiveFailed, packFolder } from './folder-archive.ts'
import type { Handlers } from './handlers.ts'
import { Refused } from './refusals.ts'
import type { StoredFile } from '../../shared/files/stored-file.ts'

/** Keeps a content as a file of the session's tenant. @throws FileRefused; what the content, the store or Redis throws */
export type KeepFile = (
  file: { name: string; ttlSeconds: number | undefined },
  pieces: AsyncIterable<Uint8Array>,
) => Promise<StoredFile>

export interface SnapshotOptions {
  agent: Agent
  clock: Clock
  keepFile: KeepFile
  /** Is told why the store, or Redis, did not keep one. */
  storeFailed: (error: unknown) => void
}

/** The working folder of a session as a file. One at a time, so that a session's memory holds it. */
export function createSnapshotOperations({
  agent,
  clock,
  keepFile,
  storeFailed,
}: SnapshotOptions): Handlers<'snapshot'> {
  let isBusy = false

  const snapshot = async (file: Parameters<KeepFile>[0]): Promise<StoredFile> => {
    let notPacked: { error: unknown } | undefined
    async function* pieces() {
      try {
        yield* packFolder(agent, clock)
      } catch (error) {
        notPacked = { error }
        throw error
      }
    }
    try {
      return await keepFile(file, pieces())
    } catch (error) {
      // A store may throw something of its own where its content does.
      if (notPacked) throw notPacked.error
      if (error instanceof FileRefused) throw error
      storeFailed(error)
      throw new Refused('unavailable', 'the snapshot could not be stored; try again')
    }
  }

  return {
    async snapshot({ name, ttlSeconds }) {
      if (isBusy) throw new Refused('session-busy', 'another snapshot of the session is being made; wait for its end')
      isBusy = true
      try {
        return [await snapshot({ name, ttlSeconds })]
      } catch (error) {
        if (error instanceof ArchiveFailed) throw new Refused('file-conflict', error.message)
        if (error instanceof FileRefused) throw refusal(error)
        throw error
      } finally {
        isBusy = false
      }
    },
  }
}

function refusal({ refusal: why, message }: FileRefused): Refused {
  if (why.kind === 'too-large')
    return new Refused('too-large', `the snapshot has more than the ${why.most} bytes that are allowed`)
  if (why.kind === 'place')
    return new Refused('storage-full', 'the file store has no room; the operator has to make some')
  return new Refused('storage-quota', `${message}, and no more are allowed; delete some first`)
}
