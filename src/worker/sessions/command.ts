import { isUtf8 } from 'node:buffer'
import type { RunCommand } from '../../shared/sessions/operations.ts'
import type { Command, CommandStatus } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { signalName } from '../jobs/classify.ts'
import { createCharacterSplitter } from '../jobs/output-text.ts'
import type { ProcessEnd } from './agent.ts'
import { createKeptText } from './kept-text.ts'

/** What a command becomes by what is heard of its process. */
export interface RunningCommand {
  readonly id: string
  readonly isFinished: boolean
  view(): Command
  started(pid: number): void
  output(stream: 'stdout' | 'stderr', bytes: Buffer): void
  /** @param why the cause, where it did not end by itself */
  ended(end: ProcessEnd, why?: { status: CommandStatus; message: string }): void
  finish(status: CommandStatus, message?: string | null): void
}

/**
 * @param tell takes its events
 * @param overflowed is called once, when it has written as much as it may; one on a terminal may write on, and its last output is kept
 */
export function createCommand(
  asked: RunCommand,
  tell: (event: SessionEvent) => void,
  overflowed: () => void,
): RunningCommand {
  const { id, argv, background, terminal, warnings } = asked
  const now = () => new Date().toISOString()
  const command: Omit<Command, 'stdout' | 'stderr'> = {
    id,
    argv,
    background,
    terminal: terminal !== null,
    state: 'running',
    status: null,
    message: null,
    pid: null,
    exitCode: null,
    signal: null,
    truncated: false,
    cpuMs: null,
    memoryPeakBytes: null,
    warnings,
    startedAt: now(),
    finishedAt: null,
  }
  const kept = { stdout: createKeptText(), stderr: createKeptText() }
  const splitters = { stdout: createCharacterSplitter(), stderr: createCharacterSplitter() }
  let left = asked.outputBytes

  const tellState = () => {
    const { warnings: _warnings, ...rest } = command
    tell({ type: 'command', data: rest })
  }
  const show = (stream: 'stdout' | 'stderr', bytes: Buffer) => {
    if (bytes.length === 0) return
    const data = bytes.toString()
    kept[stream].add(data)
    const tooMuch = kept.stdout.length + kept.stderr.length - asked.outputBytes
    // Who looks at a terminal wants its end.
    if (command.terminal && tooMuch > 0) {
      kept[stream].cut(tooMuch)
      command.truncated = true
    }
    const exact = isUtf8(bytes) ? {} : { dataBase64: bytes.toString('base64') }
    tell({ type: stream, data: { command: id, data, ...exact } })
  }
  const finish = (status: CommandStatus, message: string | null = null) => {
    if (command.state === 'finished') return
    if (!command.truncated || command.terminal)
      for (const stream of ['stdout', 'stderr'] as const) show(stream, splitters[stream].end())
    command.state = 'finished'
    command.status = status
    command.message = message
    command.finishedAt = now()
    tellState()
  }

  return {
    id,
    get isFinished() {
      return command.state === 'finished'
    },
    view: () => ({ ...command, stdout: kept.stdout.toString(), stderr: kept.stderr.toString() }),
    started(pid) {
      command.pid = pid
      tellState()
    },
    output(stream, bytes) {
      if (command.state === 'finished') return
      if (command.terminal) return show(stream, splitters[stream].push(bytes))
      if (command.truncated) return
      const piece = bytes.subarray(0, left)
      left -= piece.length
      show(stream, splitters[stream].push(piece))
      if (piece.length === bytes.length) return
      command.truncated = true
      overflowed()
    },
    ended({ exitCode, signal, cpuUs, memoryPeakBytes }, why) {
      command.exitCode = exitCode
      command.signal = signal === null ? null : signalName(signal)
      command.cpuMs = cpuUs / 1000
      command.memoryPeakBytes = memoryPeakBytes
      if (why) return finish(why.status, why.message)
      finish(exitCode === 0 ? 'succeeded' : signal === null ? 'failed' : 'signalled')
    },
    finish,
  }
}
