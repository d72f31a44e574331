import type { FileEntry } from '../../shared/sessions/session.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import { encodeFrame, encodeRecords } from '../sandbox/frames.ts'
import type { FrameType } from '../sandbox/protocol.ts'
import { type AgentFrame, AgentFault, createAgentDecoder } from './agent-decoder.ts'
import {
  AGENT,
  AGENT_FIELD,
  AGENT_INPUT_WINDOW,
  AGENT_OUTPUT_WINDOW,
  AGENT_PIECE,
  AGENT_TO,
  AGENT_VERSION,
  AGENT_WRITE,
} from './agent-protocol.ts'
import {
  changesIn,
  endOf,
  entriesIn,
  entryAt,
  type FolderChanges,
  number,
  numberIn,
  type ProcessEnd,
  text,
} from './agent-values.ts'

export type { FolderChanges, ProcessEnd } from './agent-values.ts'

export interface ProcessStart {
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  /** Whether standard input will follow; otherwise it is at its end. */
  stdin: boolean
  terminal?: TerminalSize | undefined
}

export interface ProcessListener {
  /**
   * A piece of output. The process waits for its acknowledgement once so much is under way.
   * @param taken is to be called when it was dealt with
   */
  output(stream: 'stdout' | 'stderr', bytes: Buffer, taken: () => void): void
  ended(end: ProcessEnd): void
  /** The agent is gone before it said how the process ended. */
  left?(error: Error): void
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
  /**
   * Tells what changes in a folder, until it is stopped.
   * @param recursive with what is in its folders
   * @param changed is told what changed; more follows when `taken` was called
   * @returns a function that stops it
   */
  watch(
    path: string,
    recursive: boolean,
    changed: (changes: FolderChanges, taken: () => void) => void,
  ): Promise<() => Promise<void>>
}

interface Waiter {
  done: (payload: Buffer) => void
  failed: (error: Error) => void
}

interface Live {
  listener: ProcessListener
  /** Output that was not dealt with, bytes. */
  output: number
  /** Output that was, and is not acknowledged. */
  owed: number
  /** Input that was sent and not taken. */
  underWay: number
  input: Uint8Array[]
  inputBytes: number
  ends: boolean
}

interface Watch {
  changed: (changes: FolderChanges, taken: () => void) => void
  /** Whether it was told something that it has not taken. */
  isTold: boolean
}

const MAX_ID = 2 ** 32
/** Output is acknowledged by so many bytes: the agent goes on well before its window is full, and is not woken for each line. */
const OWED_BYTES = AGENT_OUTPUT_WINDOW / 8
/** @param send takes bytes for the agent's standard input */
export function createAgent(send: (bytes: Buffer) => void): Agent {
  const decode = createAgentDecoder()
  const waiting = new Map<number, Waiter>()
  const processes = new Map<number, Live>()
  const watches = new Map<number, Watch>()
  let lastId = 0
  let isReady = false
  let gone: Error | undefined
  let settle: Waiter = { done: () => undefined, failed: () => undefined }
  const ready = new Promise<void>((done, failed) => (settle = { done: () => done(), failed }))
  // Whoever starts it waits for it; when nobody does any more, its end is no news.
  ready.catch(() => undefined)

  const nextId = () => {
    do lastId = (lastId % (MAX_ID - 1)) + 1
    while (waiting.has(lastId) || processes.has(lastId) || watches.has(lastId))
    return lastId
  }
  const tell = (type: number, id: number, ...parts: (Uint8Array | string)[]) => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(id)
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
    send(encodeFrame(type as FrameType, Buffer.concat([head, ...bytes])))
  }
  const askAbout = (id: number, type: number, ...parts: (Uint8Array | string)[]): Promise<Buffer> => {
    if (gone) return Promise.reject(gone)
    return new Promise((done, failed) => {
      waiting.set(id, { done, failed })
      tell(type, id, ...parts)
    })
  }
  const ask = (type: number, ...parts: (Uint8Array | string)[]) => askAbout(nextId(), type, ...parts)

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
      process.owed += length
      if (process.owed < OWED_BYTES) return
      if (!gone && processes.get(frame.id) === process) tell(AGENT.ACK, frame.id, number(process.owed, 4))
      process.owed = 0
    })
  }

  const changed = ({ id, payload }: AgentFrame) => {
    const watch = watches.get(id)
    if (!watch || watch.isTold) throw new AgentFault('the agent told of changes that it was not asked for')
    watch.isTold = true
    watch.changed(changesIn(payload), () => {
      watch.isTold = false
      if (!gone && watches.get(id) === watch) tell(AGENT.NOTED, id)
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
      case AGENT.CHANGES:
        return changed(frame)
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
      // What was under way when it left is about processes that are forgotten.
      for (const frame of gone ? [] : decode(bytes)) if (!gone) take(frame)
    },
    leave(error) {
      gone ??= error
      settle.failed(gone)
      for (const { failed } of waiting.values()) failed(gone)
      const left = [...processes.values()]
      waiting.clear()
      processes.clear()
      watches.clear()
      for (const { listener } of left) listener.left?.(gone)
    },
    async start({ argv, env, cwd, stdin, terminal }, listener) {
      const records: [string, string | number][] = [
        ...argv.map((argument): [string, string] => [AGENT_FIELD.ARGUMENT, argument]),
        ...Object.entries(env).map(([name, value]): [string, string] => [AGENT_FIELD.ENVIRONMENT, `${name}=${value}`]),
        [AGENT_FIELD.FOLDER_FIELD, cwd],
        [AGENT_FIELD.STDIN, stdin ? 1 : 0],
      ]
      if (terminal) records.push([AGENT_FIELD.COLUMNS, terminal.columns], [AGENT_FIELD.ROWS, terminal.rows])
      const process = { listener, output: 0, owed: 0, underWay: 0, input: [], inputBytes: 0, ends: false }
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
    async watch(path, recursive, listener) {
      const id = nextId()
      // In its place before the answer, behind which changes may follow at once.
      watches.set(id, { changed: listener, isTold: false })
      try {
        await askAbout(id, AGENT.WATCH, Uint8Array.of(recursive ? 1 : 0), text(path))
      } catch (error) {
        watches.delete(id)
        throw error
      }
      let stopping: Promise<void> | undefined
      return () => (stopping ??= askAbout(id, AGENT.UNWATCH).then(() => void watches.delete(id)))
    },
  }
}
