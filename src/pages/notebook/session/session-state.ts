import type { RunyardError, SessionHandle } from '../../../client/client.ts'
import type { Observable } from '../../playground/run/observable.ts'
import type { MimeBundle, Output } from '../model/cells.ts'

/** What the session of a notebook does, and how it stands. */
export interface SessionState {
  phase: 'none' | 'starting' | 'running' | 'ended'
  /** How far the packages are that it waits for, as the service says it. */
  installing: string | null
  /** Cells that run or wait; the first one runs. */
  queue: readonly string[]
  /** The first cell is to end. */
  interrupting: boolean
  /** What the first cell asks for. */
  input: { prompt: string; password: boolean } | null
  /** Why it ended, in words. */
  ended: string | null
  /** Of one that ends soon: `idle` unless it is used, `lifetime` in any case. `endsAt` is RFC 3339. */
  ending: { reason: 'idle' | 'lifetime'; endsAt: string } | null
  /** What there is to tell of a cell beside its outputs. */
  notes: Readonly<Record<string, string | RunyardError>>
  /** What was refused that is about no cell. */
  problem: RunyardError | null
  connected: boolean
}

/** Where what a session says goes. */
export interface SessionSink {
  source(cell: string): string | undefined
  begin(cell: string): void
  output(cell: string, output: Output): void
  clear(cell: string): void
  update(displayId: string, bundle: MimeBundle): void
  count(cell: string, executionCount: number): void
}

/** A cell that runs, and its execution in the session. */
export interface Ran {
  cell: string
  execution: string
}

export interface NotebookSession {
  readonly state: Observable<SessionState>
  /** Runs cells one after another; the first that fails ends it. Starts the session where there is none. */
  run(cells: readonly string[]): void
  /** Lets go of what waits, and interrupts what runs; a session that is being started is not started. */
  interrupt(): Promise<void>
  /** Starts the interpreter anew. @returns whether it did */
  restart(): Promise<boolean>
  /** Ends the session, where there is one, or its start. */
  end(): Promise<void>
  /** Answers the cell that asks for input. */
  answer(value: string): Promise<void>
  /** The session, started where there is none. @throws RunyardError */
  open(): Promise<SessionHandle>
  /**
   * Goes on with a session of before, and with the cell that ran in it. One of another language is ended.
   * @returns whether it goes on
   */
  resume(id: string, ran: Ran | null): Promise<boolean>
  /** Forgets a session that ended, so that the next run starts another. */
  forget(): void
  /** Takes back what was refused: something was done about it. */
  clearProblem(): void
}

export const FRESH: SessionState = {
  phase: 'none',
  installing: null,
  queue: [],
  interrupting: false,
  input: null,
  ended: null,
  ending: null,
  notes: {},
  problem: null,
  connected: true,
}

interface ShownResult extends MimeBundle {
  isMainResult: boolean
  displayId?: string
}

/** A result of an execution, as a cell has it. */
export function outputOf({ data, metadata, isMainResult, displayId }: ShownResult): Output {
  const bundle = { data, metadata, ...(displayId !== undefined && { display_id: displayId }) }
  return isMainResult
    ? { output_type: 'execute_result', execution_count: null, ...bundle }
    : { output_type: 'display_data', ...bundle }
}
