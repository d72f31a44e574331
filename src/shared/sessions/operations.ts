import type { SignalName } from '../redis/job-input.ts'
import type { Finding } from '../security/finding.ts'
import type { TerminalSize } from '../terminal-size.ts'
import type { StoredFile } from '../files/stored-file.ts'
import type { CommRequest, SentComm } from './comm.ts'
import type {
  Command,
  CommandSummary,
  Context,
  Execution,
  ExecutionSummary,
  FileEntry,
  Session,
  Watch,
} from './session.ts'

/** A piece of a file, with its bytes beside it. */
export interface FilePiece {
  /** Of the whole file. */
  bytes: number
  modifiedAt: string
}

export interface RunCommand {
  id: string
  argv: string[]
  env: Record<string, string>
  /** Relative to the working folder, or absolute. */
  cwd: string
  background: boolean
  /** Null: as long as the session. */
  timeoutMs: number | null
  /** Most bytes of output that are kept. */
  outputBytes: number
  /** Whether standard input stays open. */
  interactive: boolean
  terminal: TerminalSize | null
  warnings: Finding[]
  /** How long to wait for its end; 0: not at all. */
  waitMs: number
  /** Whether its standard input is at its end behind the bytes of the request. */
  inputEnds?: boolean
  idempotency?: { hash: string; fingerprint: string }
}

export interface Execute {
  id: string
  context: string
  code: string
  timeoutMs: number
  /** Most CPU time of all processes of the session while it runs. */
  cpuMs?: number
  /** No result, no count, nothing that later code could refer to. */
  silent: boolean
  /** Whether it may ask for input. */
  allowInput: boolean
  warnings: Finding[]
  waitMs: number
  idempotency?: { hash: string; fingerprint: string }
}

/**
 * What a session can be asked, of which each has one answer. Bytes go beside input and answer: standard input, the content of a
 * piece of a file.
 */
export interface Operations {
  read: { input: object; answer: Session }
  extend: { input: { idleTimeoutMs?: number; maxLifetimeMs?: number }; answer: Session }
  end: { input: object; answer: Session }

  execute: { input: Execute; answer: Execution }
  readExecution: { input: { id: string; waitMs: number }; answer: Execution }
  listExecutions: { input: object; answer: ExecutionSummary[] }
  answerInput: { input: { id: string; value: string }; answer: Execution }

  listContexts: { input: object; answer: Context[] }
  createContext: { input: { id: string; cwd: string; env: Record<string, string> }; answer: Context }
  /** @property execution only this one: one that waits is cancelled */
  interruptContext: { input: { id: string; execution?: string }; answer: Context }
  restartContext: { input: { id: string }; answer: Context }
  deleteContext: { input: { id: string }; answer: Context }
  /**
   * A request of the kernel protocol on the shell channel, and the content of its reply.
   * @property waitMs how long the reply may take; a busy kernel answers when it is done
   */
  askContext: { input: { id: string; type: string; content: object; waitMs?: number }; answer: object }
  /** Passes a message of a comm to its kernel. @property id what the events that it causes name as their parent */
  sendComm: { input: CommRequest & { id: string; context: string }; answer: SentComm }

  /** With the beginning of its standard input as bytes, if it has any. */
  runCommand: { input: RunCommand; answer: Command }
  readCommand: { input: { id: string; waitMs: number }; answer: Command }
  listCommands: { input: object; answer: CommandSummary[] }
  /** With the bytes. */
  writeInput: { input: { id: string; end: boolean }; answer: Command }
  signalCommand: { input: { id: string; signal: SignalName; tree: boolean }; answer: Command }
  resizeCommand: { input: { id: string; size: TerminalSize }; answer: Command }

  /** Answered with the bytes. */
  readFile: { input: { path: string; offset: number; most: number }; answer: FilePiece }
  /** With the bytes. @property begin makes the file, or empties it */
  writeFile: { input: { path: string; offset: number; begin: boolean; mode: number | null }; answer: { bytes: number } }
  listFolder: { input: { path: string; skip: number }; answer: { entries: FileEntry[]; total: number } }
  statFile: { input: { path: string }; answer: FileEntry }
  moveFile: { input: { from: string; to: string }; answer: object }
  removeFile: { input: { path: string; recursive: boolean }; answer: object }
  makeFolder: { input: { path: string }; answer: object }

  /** Tells the changes of a folder by events of the session, until `unwatchFolder`. @property id of the watch */
  watchFolder: { input: { id: string; path: string; recursive: boolean }; answer: Watch }
  listWatches: { input: object; answer: Watch[] }
  unwatchFolder: { input: { id: string }; answer: Watch }

  /** Keeps the working folder as a tar archive in the file store. */
  snapshot: { input: { name: string; ttlSeconds?: number }; answer: StoredFile }
}
export type Operation = keyof Operations

/** Bytes of a file that go in one request or answer, at most. */
export const FILE_PIECE_BYTES = 196_608
