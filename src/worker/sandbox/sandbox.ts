import type { ArtifactRequest } from '../../shared/artifact.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import type { StageStart } from './frames.ts'
import type { StageReport } from './stage-report.ts'
import type { Gathered, Spill } from './gathering.ts'

export type OutputStream = 'stdout' | 'stderr'

/** The longest that gathering may wait for the next bytes: init's own search ends long before. */
export const GATHER_TIMEOUT_MS = 30_000

/** Holds a sandbox back from sending more. */
export interface Flow {
  hold(): void
  /** Once for each `hold`. */
  release(): void
}

/** What of the files that a sandbox sends may be held, and where the rest goes. */
export interface Spilling {
  /** Of all files together. */
  inlineBytes: number
  begin: (flow: Flow) => Spill
}

/** A place where one job at a time runs. The seam between the life of a job and how it is isolated. */
export interface Sandbox {
  /** For logs. */
  readonly id: string
  /** When it was made, in ms since the epoch. */
  readonly createdAt: number
  /** Jobs it has begun. */
  readonly jobs: number
  /** Resolves, never rejects, when it is gone, whoever ended it. */
  readonly gone: Promise<void>
  /** Whether an interpreter waits in it for the next job. */
  readonly prewarmed: boolean
  /**
   * Starts the interpreter of the job that is likely to be next, ahead of it. What the job then finds is the same with and
   * without. Nothing happens where none can wait, none is likely to be wanted, or a job has begun.
   */
  prewarm(): void
  /** Ends what waits. */
  discardPrewarmed(): void
  /** Begins a job with an empty file system of this size in bytes. */
  begin(fileBytes: number): void
  /** Writes a file into the job's folder; `path` is relative and clean. */
  writeFile(path: string, mode: number, content: Uint8Array): void
  /**
   * Writes a file whose content comes bit by bit, before the first stage of a cell and after all `writeFile`: to be done again after
   * `renew` from files. Memory does not grow with it.
   * @param bytes of the whole content; the last of them gives the file its mode
   * @param signal ends it early
   * @throws SandboxBroken; Error when the content has another length; what the content throws
   */
  streamFile(
    path: string,
    mode: number,
    bytes: number,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Goes on with the job in a new cell: of the stages so far nothing is left but the file system's content, `files` as they were
   * written, `folder` the job's folder as it stood when this was first asked.
   * @throws SandboxBroken
   */
  renew(from: 'files' | 'folder'): Promise<void>
  /**
   * Runs one stage to its end; no process of it is left then.
   * @param stdin ends where it ends, unless there is `live`
   * @param onOutput gets every piece of output, in order
   * @param live standard input stays open, for more by `input`; told of how much of all of it the program took
   * @throws SandboxBroken when the sandbox ends before the stage does
   */
  run(
    stage: StageStart,
    stdin: Uint8Array,
    onOutput: (stream: OutputStream, bytes: Buffer) => void,
    live?: { taken(bytes: number): void },
  ): Promise<StageReport>
  /** More input for the running stage; none after its end. This and the next three: nothing happens when no such stage runs. */
  input(bytes: Uint8Array): void
  /** Ends the input of the running stage. */
  endInput(): void
  /** Gives the terminal of the running stage another size; nothing happens where it has none. */
  resize(size: TerminalSize): void
  /** Sends a signal, not 0, to the process group of the running stage's program; on a terminal, to that in the foreground. */
  signal(number: number): void
  /** Ends the running stage: SIGTERM, then after a grace, or when asked again, SIGKILL; its report says `kill`. Nothing happens when none runs. */
  kill(): void
  /**
   * Collects files of the job's folder, between two stages or after the last.
   * @param spilling what is not to be held, and where it goes; without it all is held
   * @throws SandboxBroken
   */
  gather(wanted: ArtifactRequest, spilling?: Spilling): Promise<Gathered>
  /**
   * Ends the job; nothing of it is left when this resolves, and the sandbox is ready for the next.
   * @throws SandboxBroken
   */
  end(): Promise<void>
  /** Removes the sandbox with everything in it. Idempotent. */
  destroy(): Promise<void>
}

/** How a sandbox failed: init said so, spoke out of turn, its stream ended, or it took too long. */
export type FaultKind = 'init' | 'protocol' | 'stream' | 'timeout'

/** We failed, not the program: the sandbox ended or broke the protocol. */
export class SandboxBroken extends Error {
  override readonly name = 'SandboxBroken'
}
