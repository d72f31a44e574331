import { FILE_PIECE_BYTES } from '../../shared/sessions/operations.ts'
import type { Agent } from './agent.ts'
import type { Handlers } from './handlers.ts'

type FileOperation = 'readFile' | 'writeFile' | 'listFolder' | 'statFile' | 'moveFile' | 'removeFile' | 'makeFolder'

/** Files of a session: the agent has them. */
export const createFileOperations = (agent: Agent): Handlers<FileOperation> => ({
  async readFile({ path, offset, most }) {
    const { bytes, size, modifiedMs } = await agent.read(path, offset, Math.min(most, FILE_PIECE_BYTES))
    return [{ bytes: size, modifiedAt: new Date(modifiedMs).toISOString() }, bytes]
  },
  writeFile: async ({ path, offset, begin, mode }, bytes) => [
    { bytes: await agent.write(path, offset, begin, mode, bytes) },
  ],
  listFolder: async ({ path, skip }) => [await agent.list(path, skip)],
  statFile: async ({ path }) => [await agent.stat(path)],
  async moveFile({ from, to }) {
    await agent.move(from, to)
    return [{}]
  },
  async removeFile({ path, recursive }) {
    await agent.remove(path, recursive)
    return [{}]
  },
  async makeFolder({ path }) {
    await agent.makeFolder(path)
    return [{}]
  },
})
