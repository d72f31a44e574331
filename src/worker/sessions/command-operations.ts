import { SIGNALS } from '../../shared/redis/job-input.ts'
import type { RunCommand } from '../../shared/sessions/operations.ts'
import { type Command, type CommandStatus, summaryOfCommand } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { type Agent, type AgentProcess, AgentRefusal } from './agent.ts'
import { createCommand, type RunningCommand } from './command.ts'
import type { Clock } from './clock.ts'
import { createOutputPace, TERMINAL_RATE } from './output-pace.ts'
import type { RepeatedRequests } from './repeated-requests.ts'
import type { Handlers } from './handlers.ts'
import { Refused, startProblem } from './refusals.ts'
import type { SessionResults } from './results.ts'

export interface CommandOperations {
  handlers: Handlers<'runCommand' | 'readCommand' | 'listCommands' | 'writeInput' | 'signalCommand' | 'resizeCommand'>
  /** Whether any runs that is not in the background. */
  readonly isBusy: boolean
  /** Ends what runs. */
  close(how: CommandStatus, message: string): void
}

export interface CommandsOptions {
  agent: Agent
  env: Record<string, string>
  tell: (event: SessionEvent) => void
  whenRoom: (resume: () => void) => void
  results: SessionResults
  repeated: RepeatedRequests
  clock: Clock
}

/** What a process may have before it as input. */
const MOST_INPUT = 1024 * 1024

interface LiveCommand {
  command: RunningCommand
  process?: AgentProcess
  background: boolean
  /** Why it is being ended. */
  why?: { status: 'wall-time-limit' | 'output-limit'; message: string }
  stopTimer: () => void
}

/** Processes of a session that its clients start. */
export function createCommandOperations(options: CommandsOptions): CommandOperations {
  const { agent, tell, whenRoom, results, repeated, clock } = options
  const commands = new Map<string, LiveCommand>()
  const terminalPace = createOutputPace(clock, TERMINAL_RATE)

  const commandOf = (id: string): LiveCommand => {
    const live = commands.get(id)
    if (live) return live
    if (results.find('command', id)) throw new Refused('already-ended', 'the command has ended')
    throw new Refused('not-found', 'the session has no such command')
  }
  const stop = (live: LiveCommand, why: NonNullable<LiveCommand['why']>) => {
    live.why ??= why
    live.process?.signal(SIGNALS.SIGKILL, 'tree')
  }
  const done = (id: string, { command, stopTimer }: LiveCommand) => {
    stopTimer()
    commands.delete(id)
    results.add('command', command.view())
  }

  /** @throws AgentRefusal when it cannot be started */
  const start = async (live: LiveCommand, { id, argv, env, cwd, interactive, terminal }: RunCommand) => {
    const { command } = live
    live.process = await agent.start(
      {
        argv,
        env: { ...options.env, ...env },
        cwd,
        stdin: interactive,
        ...(terminal && { terminal }),
      },
      {
        output(stream, bytes, taken) {
          command.output(stream, bytes)
          if (terminal) terminalPace(bytes.length, () => whenRoom(taken))
          else whenRoom(taken)
        },
        ended(end) {
          if (command.isFinished) return
          command.ended(end, live.why)
          done(id, live)
        },
      },
    )
    return live.process
  }

  const runCommand = async (asked: RunCommand, bytes: Buffer): Promise<Command> => {
    const { id, argv, cwd, background, timeoutMs, outputBytes, waitMs } = asked
    const live: LiveCommand = {
      command: createCommand(asked, tell, () =>
        stop(live, { status: 'output-limit', message: `it wrote more than ${outputBytes} bytes` }),
      ),
      background,
      stopTimer: () => undefined,
    }
    const { command } = live
    commands.set(id, live)
    repeated.note(asked.idempotency, id)
    try {
      const process = await start(live, asked)
      if (!command.isFinished) command.started(process.pid)
      if (bytes.length > 0) process.input(bytes)
      if (asked.inputEnds === true) process.endInput()
    } catch (error) {
      if (!(error instanceof AgentRefusal)) throw error
      command.finish('start-failed', startProblem(error.errno, argv[0] ?? '', cwd))
      done(id, live)
      return command.view()
    }
    if (timeoutMs !== null && !command.isFinished) {
      live.stopTimer = clock.after(timeoutMs, () =>
        stop(live, { status: 'wall-time-limit', message: `it ran for longer than ${timeoutMs} ms` }),
      )
    }
    return results.waitFor(id, command, waitMs)
  }

  const readCommand = async (id: string, waitMs: number): Promise<Command> => {
    const live = commands.get(id)
    const command = live ? await results.waitFor(id, live.command, waitMs) : results.find('command', id)
    if (!command) throw new Refused('not-found', 'the session has no such command, or it has gone')
    return command
  }

  return {
    get isBusy() {
      return [...commands.values()].some(({ background }) => !background)
    },
    handlers: {
      async runCommand(asked, bytes) {
        const made = repeated.find(asked.idempotency)
        return [await (made === undefined ? runCommand(asked, bytes) : readCommand(made, asked.waitMs))]
      },
      readCommand: async ({ id, waitMs }) => [await readCommand(id, waitMs)],
      listCommands: () => [
        [...results.list('command'), ...[...commands.values()].map(({ command }) => command.view())].map(
          summaryOfCommand,
        ),
      ],
      writeInput({ id, end }, bytes) {
        const { command, process } = commandOf(id)
        if (!process) throw new Refused('not-waiting', 'the command has not started yet')
        if (process.waiting + bytes.length > MOST_INPUT)
          throw new Refused(
            'not-waiting',
            `the command has ${process.waiting} bytes of input before it, and takes none`,
          )
        process.input(bytes)
        if (end) process.endInput()
        return [command.view()]
      },
      signalCommand({ id, signal, tree }) {
        const { command, process } = commandOf(id)
        process?.signal(SIGNALS[signal], tree ? 'tree' : 'group')
        return [command.view()]
      },
      resizeCommand({ id, size }) {
        const { command, process } = commandOf(id)
        process?.resize(size)
        return [command.view()]
      },
    },
    close(how, message) {
      for (const [id, live] of commands) {
        live.command.finish(how, message)
        done(id, live)
      }
    },
  }
}
