import type { FileChange, FileEntry } from '../../shared/sessions/session.ts'
import { AgentFault } from './agent-decoder.ts'
import { AGENT_CHANGE, AGENT_ENDED, AGENT_KIND, AGENT_WATCH_BATCH } from './agent-protocol.ts'

/** Values in the payloads of the agent's frames. What is not shaped as it must be is an AgentFault. */

export interface ProcessEnd {
  exitCode: number | null
  signal: number | null
  cpuUs: number
  memoryPeakBytes: number
}

/** What became of a watched folder. Paths are relative to it. */
export interface FolderChanges {
  /** More is in it than can be watched: what changes is not seen until there is less. */
  isBehind: boolean
  changes: FileChange[]
}

const KINDS: Record<string, FileEntry['kind']> = {
  [AGENT_KIND.FILE]: 'file',
  [AGENT_KIND.FOLDER]: 'folder',
  [AGENT_KIND.LINK]: 'link',
  [AGENT_KIND.OTHER]: 'other',
}
const ENTRY_HEAD = 19

const CHANGES: Record<string, FileChange['change']> = {
  [AGENT_CHANGE.CREATED]: 'created',
  [AGENT_CHANGE.CHANGED]: 'changed',
  [AGENT_CHANGE.REMOVED]: 'removed',
  [AGENT_CHANGE.MOVED]: 'moved',
}
const CHANGE_HEAD = 10

/** Big endian. */
export function number(value: number, bytes: 2 | 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes)
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value))
  else buffer.writeUIntBE(value, 0, bytes)
  return buffer
}

/** @throws AgentFault when it is not there, or too large to be told apart from others */
export function numberIn(payload: Buffer, at: number, bytes: 2 | 4 | 8): number {
  if (payload.length < at + bytes) throw new AgentFault('a frame of the agent is too short')
  if (bytes !== 8) return payload.readUIntBE(at, bytes)
  const value = Number(payload.readBigUInt64BE(at))
  if (!Number.isSafeInteger(value)) throw new AgentFault('a number of the agent is too large')
  return value
}

/** A path up to its NUL. @throws TypeError when it holds one */
export function text(path: string): string {
  if (path.includes('\0')) throw new TypeError('a path holds a NUL')
  return `${path}\0`
}

/** Of an `EXIT`. */
export function endOf(payload: Buffer): ProcessEnd {
  const cpuUs = numberIn(payload, 2, 8)
  const memoryPeakBytes = numberIn(payload, 10, 8)
  const code = payload[1] ?? 0
  const exited = payload[0] === AGENT_ENDED.EXITED
  return { exitCode: exited ? code : null, signal: exited ? null : code, cpuUs, memoryPeakBytes }
}

/** The latest time that a date can have. */
const MAX_MS = 8.64e15

export function entryAt(payload: Buffer, at: number, name: string): FileEntry {
  const kind = KINDS[String.fromCharCode(payload[at] ?? 0)]
  if (kind === undefined) throw new AgentFault('an entry of the agent has no kind')
  const mode = numberIn(payload, at + 1, 2)
    .toString(8)
    .padStart(4, '0')
  const modified = new Date(Math.min(numberIn(payload, at + 11, 8), MAX_MS))
  return { name, kind, bytes: numberIn(payload, at + 3, 8), mode, modifiedAt: modified.toISOString() }
}

export function entriesIn(payload: Buffer): { entries: FileEntry[]; total: number } {
  const total = numberIn(payload, 0, 4)
  const entries: FileEntry[] = []
  for (let at = 4; at < payload.length;) {
    const end = payload.indexOf(0, at + ENTRY_HEAD)
    if (end < 0) throw new AgentFault('an entry of the agent has no name')
    entries.push(entryAt(payload, at, payload.toString('utf8', at + ENTRY_HEAD, end)))
    at = end + 1
  }
  return { entries, total }
}

/** Of a `CHANGES`. */
export function changesIn(payload: Buffer): FolderChanges {
  if (payload.length < 1 || payload.length > AGENT_WATCH_BATCH)
    throw new AgentFault('a frame of changes has no such length')
  const changes: FileChange[] = []
  for (let at = 1; at < payload.length;) {
    const change = CHANGES[String.fromCharCode(payload[at] ?? 0)]
    const kind = KINDS[String.fromCharCode(payload[at + 1] ?? 0)]
    if (change === undefined || kind === undefined) throw new AgentFault('a change of the agent is of no kind')
    const bytes = numberIn(payload, at + 2, 8)
    const [path, next] = textIn(payload, at + CHANGE_HEAD)
    at = next
    if (change !== 'moved') {
      changes.push({ change, path, kind, bytes })
      continue
    }
    const [from, end] = textIn(payload, at)
    at = end
    changes.push({ change, path, from, kind, bytes })
  }
  return { isBehind: payload[0] === 1, changes }
}

/** A text up to its NUL, and where it ends. */
function textIn(payload: Buffer, at: number): [string, number] {
  const end = payload.indexOf(0, at)
  if (end < 0) throw new AgentFault('a text of the agent has no end')
  return [payload.toString('utf8', at, end), end + 1]
}
