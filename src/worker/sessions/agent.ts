import type { FileEntry } from '../../shared/sessions/session.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import { encodeFrame, encodeRecords } from '../sandbox/frames.ts'
import type { FrameType } from '../sandbox/protocol.ts'
import { type AgentFrame, AgentFault, createAgentDecoder } from './agent-decoder.ts'
import {
  AGENT,
  AGENT_ENDED,
  AGENT_FIELD,
  AGENT_INPUT_WINDOW,
  AGENT_KIND,
  AGENT_OUTPUT_WINDOW,
  AGENT_PIECE,
  AGENT_TO,
  AGENT_VERSION,
  AGENT_WRITE,
} from './agent-protocol.ts'

export interface ProcessStart {
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  /** Whether standard input will follow; otherwise it is at its end. */
  stdin: boolean
  terminal?: TerminalSize | undefined
}

export interface ProcessEnd {
  exitCode: number | null
  signal: number | null
  cpuUs: number
  memoryPeakBytes: number
}

export interface ProcessListener {
  /**
   * A piece of output. The process waits for its acknowledgement once so much is under way.
   * @param taken is to be called when it was dealt with
   */
  output(stream: 'stdout' | 'stderr', bytes: Buffer, taken: () => void): void
  ended(end: ProcessEnd): void
}

export interface AgentProcess {
  readonly pid: number
  /** Bytes of its input that it has not taken. */
  readonly waiting: number
  input(bytes: Uint8Array): void
  endInput(): void
  resize(size: TerminalSize): void
  /** @param to its process group, on a terminal that in the foreground; or everything that descends from it */
  signal(number: number, to: 'group' | 'tree'): void
}

/** Something of a file, or of a process that could not be started: what the system said. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal'
  readonly errno: number
  constructor(errno: number) {
    super(`errno ${errno}`)
    this.errno = errno
  }
}

/**
 * The worker's side of the protocol with the agent of one session, without I/O. The agent is believed no more than a program: what it
 * says out of turn, or more of than it may, is a fault.
 */
export interface Agent {
  /** Resolves when it is there. */
  readonly ready: Promise<void>
  /** What it writes, cut anywhere. @throws AgentFault; nothing may be received after that */
  receive(bytes: Buffer): void
  /** It is gone: rejects what is still waited for. */
  leave(error: Error): void
  /** @throws AgentRefusal when it cannot be started */
  start(start: ProcessStart, listener: ProcessListener): Promise<AgentProcess>
  /** A piece of a file, at most `AGENT_PIECE` bytes. @throws AgentRefusal; this and the others */
  read(path: string, offset: number, most: number): Promise<{ bytes: Buffer; size: number; modifiedMs: number }>
  /** @param begin makes the file and its folders, or empties it. @returns its size now */
  write(path: string, offset: number, begin: boolean, mode: number | null, bytes: Uint8Array): Promise<number>
  /** Some of the entries of a folder, by name. */
  list(path: string, skip: number): Promise<{ entries: FileEntry[]; total: number }>
  stat(path: string): Promise<FileEntry>
  move(from: string, to: string): Promise<void>
  remove(path: string, recursive: boolean): Promise<void>
  makeFolder(path: string): Promise<void>
}

interface Waiter {
  done: (payload: Buffer) => void
  failed: (error: Error) => void
}

interface Live {
  listener: ProcessListener
  /** Output that was not acknowledged, bytes. */
  output: number
  /** Input that was sent and not taken. */
  underWay: number
  input: Uint8Array[]
  inputBytes: number
  ends: boolean
}

const MAX_ID = 2 ** 32
const KINDS: Record<string, FileEntry['kind']> = {
  [AGENT_KIND.FILE]: 'file',
  [AGENT_KIND.FOLDER]: 'folder',
  [AGENT_KIND.LINK]: 'link',
  [AGENT_KIND.OTHER]: 'other',
}
const ENTRY_HEAD = 19

/** @param send takes bytes for the agent's standard input */
export function createAgent(send: (bytes: Buffer) => void): Agent {
  const decode = createAgentDecoder()
  const waiting = new Map<number, Waiter>()
  const processes = new Map<number, Live>()
  let lastId = 0
  let isReady = false
  let gone: Error | undefined
  let settle: Waiter = { done: () => undefined, failed: () => undefined }
  const ready = new Promise<void>((done, failed) => (settle = { done: () => done(), failed }))
  // Whoever starts it waits for it; when nobody does any more, its end is no news.
  ready.catch(() => undefined)

  const nextId = () => {
    do lastId = (lastId % (MAX_ID - 1)) + 1
    while (waiting.has(lastId) || processes.has(lastId))
    return lastId
  }
  const tell = (type: number, id: number, ...parts: (Uint8Array | string)[]) => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(id)
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
    send(encodeFrame(type as FrameType, Buffer.concat([head, ...bytes])))
  }
  const ask = (type: number, ...parts: (Uint8Array | string)[]): Promise<Buffer> => {
    if (gone) return Promise.reject(gone)
    const id = nextId()
    return new Promise((done, failed) => {
      waiting.set(id, { done, failed })
      tell(type, id, ...parts)
    })
  }

  const sendInput = (id: number, process: Live) => {
    for (let next = process.input[0]; next && process.underWay < AGENT_INPUT_WINDOW; next = process.input[0]) {
      const piece = next.subarray(0, Math.min(AGENT_INPUT_WINDOW - process.underWay, AGENT_PIECE))
      if (piece.length > 0) tell(AGENT.INPUT, id, piece)
      process.underWay += piece.length
      process.inputBytes -= piece.length
      if (piece.length === next.length) process.input.shift()
      else process.input[0] = next.subarray(piece.length)
    }
    if (process.ends && process.input.length === 0) {
      process.ends = false
      tell(AGENT.INPUT_END, id)
    }
  }

  const handle = (id: number, pid: number, process: Live): AgentProcess => {
    const lives = () => processes.get(id) === process
    return {
      pid,
      get waiting() {
        return lives() ? process.inputBytes + process.underWay : 0
      },
      input(bytes) {
        if (!lives() || bytes.length === 0) return
        process.input.push(bytes)
        process.inputBytes += bytes.length
        sendInput(id, process)
      },
      endInput() {
        if (!lives()) return
        process.ends = true
        sendInput(id, process)
      },
      resize({ columns, rows }) {
        if (lives()) tell(AGENT.RESIZE, id, number(columns, 2), number(rows, 2))
      },
      signal(signal, to) {
        if (lives()) tell(AGENT.SIGNAL, id, Uint8Array.of(signal, to === 'tree' ? AGENT_TO.TREE : AGENT_TO.GROUP))
      },
    }
  }

  const processOf = ({ id }: AgentFrame): Live => {
    const process = processes.get(id)
    if (!process || waiting.has(id)) throw new AgentFault('the agent spoke of a process that is none')
    return process
  }
  const answer = ({ id, payload }: AgentFrame, settle: (waiter: Waiter) => void) => {
    const waiter = waiting.get(id)
    if (!waiter) throw new AgentFault(`the agent answered what was not asked: ${payload.length} bytes`)
    waiting.delete(id)
    settle(waiter)
  }

  const output = (frame: AgentFrame, stream: 'stdout' | 'stderr') => {
    const process = processOf(frame)
    const { length } = frame.payload
    process.output += length
    if (process.output > AGENT_OUTPUT_WINDOW) throw new AgentFault('the agent sent more output than it may')
    process.listener.output(stream, frame.payload, () => {
      process.output -= length
      if (!gone && processes.get(frame.id) === process) tell(AGENT.ACK, frame.id, number(length, 4))
    })
  }

  const take = (frame: AgentFrame) => {
    const { type, id, payload } = frame
    if (isReady === (type === AGENT.READY)) throw new AgentFault('the agent spoke out of turn')
    switch (type) {
      case AGENT.READY:
        if (numberIn(payload, 0, 4) !== AGENT_VERSION) throw new AgentFault('the agent is of another version')
        isReady = true
        return settle.done(payload)
      case AGENT.STARTED:
        if (!processes.has(id)) throw new AgentFault('the agent started what was not asked for')
        return answer(frame, ({ done }) => done(payload))
      case AGENT.DONE:
        if (processes.has(id)) throw new AgentFault('the agent answered a process')
        return answer(frame, ({ done }) => done(payload))
      case AGENT.FAILED: {
        const refusal = new AgentRefusal(numberIn(payload, 0, 4))
        answer(frame, ({ failed }) => failed(refusal))
        return void processes.delete(id)
      }
      case AGENT.STDOUT:
        return output(frame, 'stdout')
      case AGENT.STDERR:
        return output(frame, 'stderr')
      case AGENT.TAKEN: {
        const process = processOf(frame)
        process.underWay -= numberIn(payload, 0, 4)
        if (process.underWay < 0) throw new AgentFault('the agent took more input than it was sent')
        return sendInput(id, process)
      }
      case AGENT.EXIT: {
        const process = processOf(frame)
        processes.delete(id)
        return process.listener.ended(endOf(payload))
      }
    }
  }

  return {
    ready,
    receive(bytes) {
      for (const frame of decode(bytes)) take(frame)
    },
    leave(error) {
      gone ??= error
      settle.failed(gone)
      for (const { failed } of waiting.values()) failed(gone)
      waiting.clear()
      processes.clear()
    },
    async start({ argv, env, cwd, stdin, terminal }, listener) {
      const records: [string, string | number][] = [
        ...argv.map((argument): [string, string] => [AGENT_FIELD.ARGUMENT, argument]),
        ...Object.entries(env).map(([name, value]): [string, string] => [AGENT_FIELD.ENVIRONMENT, `${name}=${value}`]),
        [AGENT_FIELD.FOLDER_FIELD, cwd],
        [AGENT_FIELD.STDIN, stdin ? 1 : 0],
      ]
      if (terminal) records.push([AGENT_FIELD.COLUMNS, terminal.columns], [AGENT_FIELD.ROWS, terminal.rows])
      const process = { listener, output: 0, underWay: 0, input: [], inputBytes: 0, ends: false }
      if (gone) throw gone
      const encoded = encodeRecords(records)
      const id = nextId()
      processes.set(id, process)
      const payload = await new Promise<Buffer>((done, failed) => {
        waiting.set(id, { done, failed })
        tell(AGENT.START, id, encoded)
      })
      return handle(id, numberIn(payload, 0, 4), process)
    },
    async read(path, offset, most) {
      const payload = await ask(AGENT.READ, number(offset, 8), number(Math.min(most, AGENT_PIECE), 4), text(path))
      const size = numberIn(payload, 0, 8)
      return { size, modifiedMs: numberIn(payload, 8, 8), bytes: payload.subarray(16) }
    },
    async write(path, offset, begin, mode, bytes) {
      const flags = begin ? AGENT_WRITE.BEGIN | AGENT_WRITE.PARENTS : 0
      const head = [Uint8Array.of(flags), number(mode ?? 0, 2), number(offset, 8), text(path)]
      return numberIn(await ask(AGENT.WRITE, ...head, bytes), 0, 8)
    },
    async list(path, skip) {
      return entriesIn(await ask(AGENT.LIST, number(skip, 4), text(path)))
    },
    async stat(path) {
      return entryAt(await ask(AGENT.STAT, text(path)), 0, path.slice(path.lastIndexOf('/') + 1))
    },
    async move(from, to) {
      await ask(AGENT.MOVE, text(from), text(to))
    },
    async remove(path, recursive) {
      await ask(AGENT.REMOVE, Uint8Array.of(recursive ? 1 : 0), text(path))
    },
    async makeFolder(path) {
      await ask(AGENT.FOLDER, text(path))
    },
  }
}

function number(value: number, bytes: 2 | 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes)
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value))
  else buffer.writeUIntBE(value, 0, bytes)
  return buffer
}

/** @throws AgentFault when it is not there, or too large to be told apart from others */
function numberIn(payload: Buffer, at: number, bytes: 2 | 4 | 8): number {
  if (payload.length < at + bytes) throw new AgentFault('a frame of the agent is too short')
  if (bytes !== 8) return payload.readUIntBE(at, bytes)
  const value = Number(payload.readBigUInt64BE(at))
  if (!Number.isSafeInteger(value)) throw new AgentFault('a number of the agent is too large')
  return value
}

/** A path up to its NUL. @throws TypeError when it holds one */
function text(path: string): string {
  if (path.includes('\0')) throw new TypeError('a path holds a NUL')
  return `${path}\0`
}

function endOf(payload: Buffer): ProcessEnd {
  const cpuUs = numberIn(payload, 2, 8)
  const memoryPeakBytes = numberIn(payload, 10, 8)
  const code = payload[1] ?? 0
  const exited = payload[0] === AGENT_ENDED.EXITED
  return { exitCode: exited ? code : null, signal: exited ? null : code, cpuUs, memoryPeakBytes }
}

/** The latest time that a date can have. */
const MAX_MS = 8.64e15

function entryAt(payload: Buffer, at: number, name: string): FileEntry {
  const kind = KINDS[String.fromCharCode(payload[at] ?? 0)]
  if (kind === undefined) throw new AgentFault('an entry of the agent has no kind')
  const mode = numberIn(payload, at + 1, 2)
    .toString(8)
    .padStart(4, '0')
  const modified = new Date(Math.min(numberIn(payload, at + 11, 8), MAX_MS))
  return { name, kind, bytes: numberIn(payload, at + 3, 8), mode, modifiedAt: modified.toISOString() }
}

function entriesIn(payload: Buffer): { entries: FileEntry[]; total: number } {
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
