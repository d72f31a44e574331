import type { JobStoredFile } from '../../shared/files/stored-file.ts'
import type { SourceFile } from '../../shared/job.ts'
import type { SessionSpec, SnapshotFile } from '../../shared/sessions/session.ts'
import { FileGone, FilesUnavailable, type JobFiles } from '../files/job-files.ts'
import { type Agent, AgentRefusal } from './agent.ts'
import { AGENT_PIECE } from './agent-protocol.ts'
import type { Clock } from './clock.ts'
import { ArchiveFailed, unpackFolder } from './folder-archive.ts'
import { refusalOf, startProblem } from './refusals.ts'
import { contentOf, modeOf } from './session-body.ts'

/** A session cannot begin with its files: why, for its owner. */
export class CannotBegin extends Error {
  override readonly name = 'CannotBegin'
  /** The stored file that cannot be read, for the log. */
  readonly fileId: string | undefined
  constructor(message: string, { fileId, ...options }: ErrorOptions & { fileId?: string }) {
    super(message, options)
    this.fileId = fileId
  }
}

interface Bringing {
  agent: Agent
  clock: Clock
  files: Pick<JobFiles, 'read'>
}

/**
 * Brings the files that a session begins with into its working folder: its snapshot, then those of the request in the place of what that has,
 * those of the file store last.
 * @param writes whether those that the request has with their content are still to be written; behind a snapshot they always are
 * @throws CannotBegin; what the agent throws when it is gone
 */
export async function bringFiles({ agent, clock, files }: Bringing, spec: SessionSpec, writes: boolean): Promise<void> {
  const { from, storedFiles = [] } = spec
  const read = (name: string, file: SnapshotFile, take: (content: AsyncIterable<Uint8Array>) => Promise<void>) =>
    files.read(file, take).catch((cause: unknown) => {
      if (cause instanceof ArchiveFailed) throw new CannotBegin(cause.message, { cause })
      const why = { cause, fileId: file.fileId }
      if (cause instanceof FileGone)
        throw new CannotBegin(`${name} cannot be read: the file store no longer has it`, why)
      if (cause instanceof FilesUnavailable)
        throw new CannotBegin(`${name} cannot be read: the file store does not answer; try again`, why)
      throw cause
    })
  const place = async (file: SourceFile | JobStoredFile) => {
    if (from) await makeWay(agent, file.path)
    if ('blob' in file) await read(file.path, file, (content) => writePieces(agent, file, content))
    else await writeContent(agent, file)
  }
  if (from) {
    const unpacked = read('the snapshot', from, (content) => unpackFolder(agent, clock, content))
    await told(unpacked, ({ errno }) => startProblem(errno, 'tar', 'the working folder'))
  }
  const sent = writes || from ? spec.files : []
  for (const file of [...sent, ...storedFiles]) await told(place(file), (error) => refusalOf(error, file).detail)
}

async function told(work: Promise<void>, words: (refusal: AgentRefusal) => string): Promise<void> {
  await work.catch((cause: unknown) => {
    throw cause instanceof AgentRefusal ? new CannotBegin(words(cause), { cause }) : cause
  })
}

/** A file of the snapshot may be one that cannot be written to, or a link. */
async function makeWay(agent: Agent, path: string): Promise<void> {
  const there = await agent.stat(path).catch((error: unknown) => {
    if (!(error instanceof AgentRefusal)) throw error
  })
  if (there && there.kind !== 'folder') await agent.remove(path, false)
}

async function* only(content: Uint8Array) {
  yield content
}
const writeContent = (agent: Agent, file: SourceFile): Promise<void> => {
  const content = contentOf(file)
  return write(agent, { path: file.path, bytes: content.length, mode: modeOf(file) }, only(content))
}
const writePieces = (
  agent: Agent,
  { path, bytes, mode = '644' }: JobStoredFile,
  content: AsyncIterable<Uint8Array>,
): Promise<void> => write(agent, { path, bytes, mode: parseInt(mode, 8) }, content)

async function write(
  agent: Agent,
  { path, bytes, mode }: { path: string; bytes: number; mode: number },
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  let offset = 0
  // What may not be written to gets its mode with the last piece.
  const put = async (piece: Uint8Array) => {
    await agent.write(path, offset, offset === 0, offset + piece.length === bytes ? mode : null, piece)
    offset += piece.length
  }
  if (bytes === 0) await put(new Uint8Array())
  for await (const part of content)
    for (let at = 0; at < part.length; at += AGENT_PIECE) await put(part.subarray(at, at + AGENT_PIECE))
}
