import { SIGNALS } from '../../shared/redis/job-input.ts'
import type { ProblemCode } from '../../shared/problems.ts'
import type { Operation, Operations, RunCommand } from '../../shared/sessions/operations.ts'
import { FILE_PIECE_BYTES } from '../../shared/sessions/operations.ts'
import type { Command, Execution, Session } from '../../shared/sessions/session.ts'
import type { Answered, SentRequest } from '../../shared/sessions/session-requests.ts'
import { type Agent, type AgentProcess, AgentRefusal } from './agent.ts'
import { type RunningCommand, createCommand } from './command.ts'
import { type Clock, ContextBusy, ContextDead, type SessionContext } from './context.ts'
import type { RunningExecution } from './execution.ts'
import { type Kernels, TooManyContexts } from './kernels.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { createRepeatedRequests, IdempotencyMismatch } from './repeated-requests.ts'

/** Does what a session is asked. */
export interface SessionOperations {
  /** @throws AgentFault when the agent cannot be believed any more, and what ended it when it is gone; all else is answered */
  perform(request: SentRequest): Promise<Answered>
  /** Whether something runs that somebody waits for. */
  readonly isBusy: boolean
  /** Ends what runs. */
  close(how: 'cancelled' | 'session-lost', message: string): void
}

export interface OperationsOptions {
  agent: Agent
  /** Null for a session without a kernel. */
  kernels: Kernels | null
  env: Record<string, string>
  outputBytes: number
  tell: (event: SessionEvent) => void
  whenRoom: (resume: () => void) => void
  /** Keeps what has ended, and removes others. */
  keep: (result: { id: string; json: string }, remove: readonly string[]) => void
  session: {
    view: () => Session
    extend: (times: { idleTimeoutMs?: number; maxLifetimeMs?: number }) => void
    end: () => void
  }
  clock: Clock
}

/** What the caller did wrong, or what is not there. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: ProblemCode
  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.code = code
  }
}

/** Ended executions and commands that are kept, in number and in characters of JSON. */
const KEPT_RESULTS = 200
const KEPT_CHARACTERS = 32 * 1024 * 1024
/** What a process may have before it as input. */
const MOST_INPUT = 1024 * 1024
const NONE = Buffer.alloc(0)

interface Waitable<T> {
  readonly isFinished: boolean
  view(): T
}

interface LiveCommand {
  command: RunningCommand
  process?: AgentProcess
  background: boolean
  /** Why it is being ended. */
  why?: { status: 'wall-time-limit' | 'output-limit'; message: string }
  stopTimer: () => void
}

export function createOperations(options: OperationsOptions): SessionOperations {
  const { agent, kernels, tell, whenRoom, keep, session, clock } = options
  const executions = new Map<string, RunningExecution>()
  const commands = new Map<string, LiveCommand>()
  const ended: { id: string; kind: 'execution' | 'command'; json: string }[] = []
  let endedCharacters = 0
  const listeners = new Map<string, Set<() => void>>()
  let waits = 0
  const repeated = createRepeatedRequests()

  /** What has ended, or undefined. */
  const stored = <T>(kind: 'execution' | 'command', id: string): T | undefined => {
    const found = ended.find((one) => one.id === id && one.kind === kind)
    return found && parseKept<T>(found.json)
  }
  const keepEnded = (kind: 'execution' | 'command', id: string, value: Execution | Command) => {
    const json = JSON.stringify({ kind, ...value })
    ended.push({ id, kind, json })
    endedCharacters += json.length
    const remove: string[] = []
    while (ended.length > 1 && (ended.length > KEPT_RESULTS || endedCharacters > KEPT_CHARACTERS)) {
      const first = ended.shift()
      endedCharacters -= first?.json.length ?? 0
      remove.push(first?.id ?? '')
    }
    keep({ id, json }, remove)
    for (const listener of listeners.get(id) ?? []) listener()
  }

  /** Its view when it has ended, or the time is over. */
  const waitFor = async <T>(id: string, one: Waitable<T>, waitMs: number): Promise<T> => {
    if (one.isFinished || waitMs <= 0) return one.view()
    waits++
    await new Promise<void>((resolve) => {
      const group = listeners.get(id) ?? new Set()
      listeners.set(id, group)
      const wake = () => {
        stop()
        group.delete(wake)
        if (group.size === 0) listeners.delete(id)
        resolve()
      }
      const stop = clock.after(waitMs, wake)
      group.add(wake)
    })
    waits--
    return one.view()
  }

  const contextOf = (id: string): SessionContext => {
    if (!kernels) throw new Refused('no-kernel', 'the language of the session has no kernel here; run commands instead')
    const context = kernels.get(id)
    if (!context) throw new Refused('not-found', `the session has no context "${id}"`)
    return context
  }
  const kernelsOf = (): Kernels => {
    if (!kernels) throw new Refused('no-kernel', 'the language of the session has no kernel here; run commands instead')
    return kernels
  }
  const executionOf = (id: string): RunningExecution => {
    const execution = executions.get(id)
    if (!execution) throw new Refused('not-found', 'the session has no such execution that runs')
    return execution
  }
  const commandOf = (id: string): LiveCommand => {
    const live = commands.get(id)
    if (live) return live
    if (stored('command', id)) throw new Refused('already-ended', 'the command has ended')
    throw new Refused('not-found', 'the session has no such command')
  }

  const stop = (live: LiveCommand, why: NonNullable<LiveCommand['why']>) => {
    live.why ??= why
    live.process?.signal(SIGNALS.SIGKILL, 'tree')
  }

  const runCommand = async (asked: RunCommand, bytes: Buffer): Promise<Command> => {
    const { id, argv, env, cwd, background, timeoutMs, interactive, terminal, waitMs } = asked
    const { outputBytes } = asked
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
    const done = () => {
      live.stopTimer()
      commands.delete(id)
      keepEnded('command', id, command.view())
    }
    try {
      live.process = await agent.start(
        { argv, env: { ...options.env, ...env }, cwd, stdin: interactive, ...(terminal && { terminal }) },
        {
          output(stream, bytes, taken) {
            command.output(stream, bytes)
            whenRoom(taken)
          },
          ended(end) {
            if (command.isFinished) return
            command.ended(end, live.why)
            done()
          },
        },
      )
    } catch (error) {
      if (!(error instanceof AgentRefusal)) throw error
      command.finish('start-failed', startProblem(error.errno, argv[0] ?? '', cwd))
      done()
      return command.view()
    }
    if (!command.isFinished) command.started(live.process.pid)
    if (bytes.length > 0) live.process.input(bytes)
    if (asked.inputEnds === true) live.process.endInput()
    if (timeoutMs !== null && !command.isFinished) {
      live.stopTimer = clock.after(timeoutMs, () =>
        stop(live, { status: 'wall-time-limit', message: `it ran for longer than ${timeoutMs} ms` }),
      )
    }
    return waitFor(id, command, waitMs)
  }

  const readExecution = async (id: string, waitMs: number): Promise<Execution> => {
    const running = executions.get(id)
    const execution = running ? await waitFor(id, running, waitMs) : stored<Execution>('execution', id)
    if (!execution) throw new Refused('not-found', 'the session has no such execution, or it has gone')
    return execution
  }
  const readCommand = async (id: string, waitMs: number): Promise<Command> => {
    const live = commands.get(id)
    const command = live ? await waitFor(id, live.command, waitMs) : stored<Command>('command', id)
    if (!command) throw new Refused('not-found', 'the session has no such command, or it has gone')
    return command
  }
  /** @throws Refused when the kernel has something else to do for longer */
  const answeredWithin = <T>(answer: Promise<T>, waitMs: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const stop = clock.after(waitMs, () => {
        reject(new Refused('session-busy', 'the context runs code, and answers when that has ended'))
      })
      answer.then(resolve, reject).finally(stop)
    })

  const handlers: { [O in Operation]: (input: Operations[O]['input'], bytes: Buffer) => Promise<Done<O>> | Done<O> } = {
    read: () => [session.view()],
    extend(input) {
      session.extend(input)
      return [session.view()]
    },
    end() {
      session.end()
      return [session.view()]
    },

    async execute(asked) {
      const made = repeated.find(asked.idempotency)
      if (made !== undefined) return [await readExecution(made, asked.waitMs)]
      const context = contextOf(asked.context)
      const execution = context.execute(asked, (one) => {
        executions.delete(one.id)
        keepEnded('execution', one.id, one.view())
      })
      repeated.note(asked.idempotency, asked.id)
      if (!execution.isFinished) executions.set(asked.id, execution)
      return [await waitFor(asked.id, execution, asked.waitMs)]
    },
    readExecution: async ({ id, waitMs }) => [await readExecution(id, waitMs)],
    listExecutions: () => [
      [
        ...ended.flatMap(({ kind, json }) => (kind === 'execution' ? [parseKept<Execution>(json)] : [])),
        ...[...executions.values()].map((execution) => execution.view()),
      ].map((execution) => ({ ...execution, results: [], stdout: '', stderr: '' })),
    ],
    answerInput({ id, value }) {
      const execution = executionOf(id)
      if (!contextOf(execution.view().context).input(id, value))
        throw new Refused('not-waiting', 'the execution does not ask for input')
      return [execution.view()]
    },

    listContexts: () => [kernelsOf().list()],
    async createContext({ id, cwd, env }) {
      const context = await kernelsOf().create(id, { cwd, env: { ...options.env, ...env } })
      await context.ready
      return [context.view()]
    },
    interruptContext({ id, execution }) {
      const context = contextOf(id)
      context.interrupt(execution)
      return [context.view()]
    },
    async restartContext({ id }) {
      const context = contextOf(id)
      await kernelsOf().restart(context)
      await context.ready
      return [context.view()]
    },
    deleteContext({ id }) {
      const context = contextOf(id)
      kernelsOf().remove(context)
      return [context.view()]
    },
    async askContext({ id, type, content, waitMs }) {
      const context = contextOf(id)
      await context.ready
      const answer = context.ask(type, content)
      return [await (waitMs === undefined ? answer : answeredWithin(answer, waitMs))]
    },

    async runCommand(asked, bytes) {
      const made = repeated.find(asked.idempotency)
      return [await (made === undefined ? runCommand(asked, bytes) : readCommand(made, asked.waitMs))]
    },
    readCommand: async ({ id, waitMs }) => [await readCommand(id, waitMs)],
    listCommands: () => [
      [
        ...ended.flatMap(({ kind, json }) => (kind === 'command' ? [parseKept<Command>(json)] : [])),
        ...[...commands.values()].map(({ command }) => command.view()),
      ].map((command) => ({ ...command, stdout: '', stderr: '' })),
    ],
    writeInput({ id, end }, bytes) {
      const { command, process } = commandOf(id)
      if (!process) throw new Refused('not-waiting', 'the command has not started yet')
      if (process.waiting + bytes.length > MOST_INPUT)
        throw new Refused('not-waiting', `the command has ${process.waiting} bytes of input before it, and takes none`)
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

    async readFile({ path, offset, most }) {
      const { bytes, size, modifiedMs } = await agent.read(path, offset, Math.min(most, FILE_PIECE_BYTES))
      return [{ bytes: size, modifiedAt: new Date(modifiedMs).toISOString() }, bytes]
    },
    writeFile: async ({ path, offset, begin, mode }, bytes) => [
      { bytes: await agent.write(path, offset, begin, mode, bytes) },
    ],
    listFolder: async ({ path, skip }) => [await agent.list(path, skip)],
    statFile: async ({ path }) => [await agent.stat(path)],
    async moveFile({ from, to }) {
      await agent.move(from, to)
      return [{}]
    },
    async removeFile({ path, recursive }) {
      await agent.remove(path, recursive)
      return [{}]
    },
    async makeFolder({ path }) {
      await agent.makeFolder(path)
      return [{}]
    },
  }

  return {
    async perform({ operation, input, bytes }) {
      try {
        if (!Object.hasOwn(handlers, operation))
          throw new Refused('not-found', 'the worker does not know the operation')
        const handle = handlers[operation] as (input: unknown, bytes: Buffer) => Promise<[unknown, Buffer?]>
        const [value, answer = NONE] = await handle(input, bytes)
        return { value, bytes: answer }
      } catch (error) {
        return { refusal: refusalOf(error, input) }
      }
    },
    get isBusy() {
      return waits > 0 || executions.size > 0 || [...commands.values()].some(({ background }) => !background)
    },
    close(how, message) {
      kernels?.close(how, message)
      for (const [id, { command, stopTimer }] of commands) {
        stopTimer()
        command.finish(how, message)
        commands.delete(id)
        keepEnded('command', id, command.view())
      }
    },
  }
}

/** What was kept, without what tells executions and commands apart. */
function parseKept<T>(json: string): T {
  const { kind: _kind, ...rest } = JSON.parse(json) as T & { kind: string }
  return rest as T
}

type Done<O extends Operation> = [answer: Operations[O]['answer'], bytes?: Buffer]

/** Numbers of errors on Linux, where a machine of another kind would have others. */
const ERRNO: Readonly<Record<number, [ProblemCode, string]>> = {
  1: ['file-conflict', 'is not permitted'],
  2: ['not-found', 'does not exist'],
  11: ['session-busy', 'cannot be started: the session has as many processes as it may'],
  12: ['session-busy', 'needs more memory than the session has'],
  13: ['file-conflict', 'is not permitted'],
  17: ['file-conflict', 'exists already'],
  18: ['file-conflict', 'is on another file system'],
  20: ['file-conflict', 'has a part that is no folder'],
  21: ['file-conflict', 'is a folder'],
  22: ['file-conflict', 'is no regular file'],
  24: ['session-busy', 'needs more open files than the session may have'],
  26: ['file-conflict', 'is a program that runs'],
  27: ['file-conflict', 'would be larger than a file of the session may be'],
  28: ['file-conflict', 'has no room: the file system of the session is full'],
  30: ['file-conflict', 'is on a file system that is read-only'],
  36: ['file-conflict', 'is too long'],
  39: ['file-conflict', 'is a folder that is not empty; `recursive` removes it'],
  40: ['file-conflict', 'has too many links on its way'],
}

function refusalOf(error: unknown, input: object): { code: ProblemCode; detail: string } {
  if (error instanceof Refused) return { code: error.code, detail: error.message }
  if (error instanceof IdempotencyMismatch) return { code: 'idempotency-mismatch', detail: error.message }
  if (error instanceof ContextDead) return { code: 'context-dead', detail: error.message }
  if (error instanceof ContextBusy || error instanceof TooManyContexts)
    return { code: 'session-busy', detail: error.message }
  if (!(error instanceof AgentRefusal)) throw error
  const { path, from } = input as { path?: string; from?: string }
  const name = path ?? from ?? 'the command'
  const [code, what] = ERRNO[error.errno] ?? ['file-conflict', `cannot be used (error ${error.errno})`]
  return { code, detail: `${name === '' || name === '.' ? 'the working folder' : name} ${what}` }
}

function startProblem(errno: number, program: string, cwd: string): string {
  if (errno === 2) return `${program} was not found, or ${cwd} is no folder`
  const [, what] = ERRNO[errno] ?? ['', `cannot be started (error ${errno})`]
  return `${program} ${errno === 8 ? 'is no program' : what}`
}
