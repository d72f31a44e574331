import type { StageReport } from '../sandbox/stage-report.ts'
import type { JudgeEnd } from './ruling.ts'

export type JudgeRole = 'checker' | 'interactor'

/** What a judge's program has of a test, as files. */
export interface JudgeFiles {
  input: Uint8Array
  answer: Uint8Array
  /** What the program wrote; an interactor has none. */
  output?: Uint8Array
  /** What it left in its feedback folder after the pass before, by name. */
  feedback?: ReadonlyMap<string, Uint8Array>
}

/** A judge's program in a sandbox of its own, in which no other program is. Each of its runs has a cell of its own. */
export interface JudgeCell {
  /**
   * Compiles it, where its language does.
   * @returns why it cannot be run, for judges; undefined when it can
   * @throws SandboxBroken
   */
  prepare(): Promise<string | undefined>
  /** Puts a test's files into a cell in which nothing else is but the program. @throws SandboxBroken */
  place(files: JudgeFiles): Promise<void>
  /**
   * Runs it on what was placed.
   * @param live standard input stays open and its output is given away; otherwise it is what its protocol has there
   * @throws SandboxBroken
   */
  run(live?: { moreWallMs: number; onOutput: (bytes: Buffer) => void }): Promise<JudgeRun>
  /** Whether its sandbox may serve another job's judges. */
  readonly reusable: boolean
  /** Names of the system calls by which it tried to get out. */
  readonly refusedCalls: readonly string[]
  input(bytes: Uint8Array): void
  endInput(): void
  /** Ends what runs in it at once. */
  kill(): void
  /** Resolves when nothing is done in its sandbox any more: after that it can be ended. */
  settle(): Promise<void>
}

export interface JudgeRun {
  report: StageReport
  /** Collects what it left; a new cell is made then. @throws SandboxBroken */
  conclude: () => Promise<JudgeEnd>
}
