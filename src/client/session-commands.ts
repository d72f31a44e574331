import type { Command, CommandRequest, CommandSummary, TerminalSize } from './api-types.ts'
import { eventsOf, type StreamedSessionEvent, type StreamOptions } from './event-stream.ts'
import type { CallOptions, Http } from './http.ts'
import type { Signal } from './interactive.ts'
import { isEnd, onlyRefused } from './session-executions.ts'
import { openTerminal, type SessionTerminal, type TerminalOptions } from './session-terminal.ts'
import type { WebSocketConstructor } from './web-socket.ts'

export interface CommandOptions extends CallOptions, Omit<CommandRequest, 'argv' | 'shell'> {
  /** The same key with the same request is the same command. Each call makes one of its own when it is absent. */
  idempotencyKey?: string | undefined
}

export interface RunCommandOptions extends CommandOptions {
  /** Given the output as it comes, a piece at a time. */
  onStdout?: ((text: string) => void) | undefined
  onStderr?: ((text: string) => void) | undefined
}

/** Processes of a session. A string is a line for `sh`, an array an argument vector. */
export interface SessionCommands {
  /** Runs a command and waits for its end. One that fails is no error of this call: see `status` and `exitCode`. */
  run(command: string | readonly string[], options?: RunCommandOptions): Promise<Command>
  /** Starts a command without waiting for it. */
  start(command: string | readonly string[], options?: CommandOptions): Promise<Command>
  get(id: string, options?: CallOptions): Promise<Command>
  /** The command when it has ended. */
  wait(id: string, options?: CallOptions): Promise<Command>
  /** Those that run, and ended last, without their output. */
  list(options?: CallOptions): Promise<CommandSummary[]>
  /** The events of a command, to its end. */
  stream(id: string, options?: StreamOptions): AsyncGenerator<StreamedSessionEvent, void, void>
  /** Writes to the standard input of a command that is `interactive`. @param options.end ends it behind that */
  write(id: string, data: string | Uint8Array, options?: CallOptions & { end?: boolean | undefined }): Promise<Command>
  /** @param options.tree to all that descends from it, instead of its process group */
  signal(id: string, name: Signal, options?: CallOptions & { tree?: boolean | undefined }): Promise<Command>
  /** Changes the size of its terminal. */
  resize(id: string, size: TerminalSize, options?: CallOptions): Promise<Command>
  /** Connects to the terminal of a command that was started with `terminal`: what it has written comes first. */
  terminal(id: string, options: TerminalOptions): Promise<SessionTerminal>
}

/** The longest the service waits at one time, in seconds. */
const LONGEST_WAIT = 60

/**
 * @param session the path of the session
 * @param webSocket finds what connections to terminals are made with
 */
export function createCommands(
  http: Http,
  session: string,
  newIdempotencyKey: () => string,
  webSocket: () => Promise<WebSocketConstructor>,
): SessionCommands {
  const at = (id: string) => `${session}/commands/${encodeURIComponent(id)}`

  const post = (
    command: string | readonly string[],
    options: CommandOptions,
    waitSeconds: number,
  ): Promise<Command> => {
    const { idempotencyKey = newIdempotencyKey(), signal, retries, shouldRetry, ...request } = options
    const headers: Record<string, string> = { 'idempotency-key': idempotencyKey }
    if (waitSeconds > 0) headers['prefer'] = `wait=${waitSeconds}`
    const what = typeof command === 'string' ? { shell: command } : { argv: command }
    const call = { signal, retries, shouldRetry, waitsMs: waitSeconds * 1000 }
    return http.json(`${session}/commands`, { ...call, method: 'POST', headers, body: { ...request, ...what } })
  }
  const untilEnded = async (command: Command, call: CallOptions): Promise<Command> => {
    let now = command
    while (now.state !== 'finished') {
      now = await http.json(`${at(now.id)}?wait=${LONGEST_WAIT}`, { ...call, waitsMs: LONGEST_WAIT * 1000 })
    }
    return now
  }

  const commands: SessionCommands = {
    async run(command, { onStdout, onStderr, ...own } = {}) {
      const call: CallOptions = { signal: own.signal, retries: own.retries, shouldRetry: own.shouldRetry }
      if (!onStdout && !onStderr) return untilEnded(await post(command, own, LONGEST_WAIT), call)
      const { id } = await post(command, own, 0)
      for await (const { type, data } of commands.stream(id, call)) {
        if (type === 'stdout') onStdout?.(data.data)
        else if (type === 'stderr') onStderr?.(data.data)
      }
      return untilEnded(await commands.get(id, call), call)
    },
    start: (command, options = {}) => post(command, options, 0),
    get: (id, call) => http.json(at(id), call),
    wait: async (id, call = {}) => untilEnded(await commands.get(id, call), call),
    list: async (call) => (await http.json<{ commands: CommandSummary[] }>(`${session}/commands`, call)).commands,
    stream: (id, options) => eventsOf<StreamedSessionEvent>(http, `${at(id)}/events`, options, isEnd),
    write(id, data, { end = false, ...call } = {}) {
      const body = typeof data === 'string' ? { data, end } : { data: base64Of(data), encoding: 'base64', end }
      return http.json(`${at(id)}/stdin`, { shouldRetry: onlyRefused, ...call, method: 'POST', body })
    },
    signal: (id, name, { tree = false, ...call } = {}) =>
      http.json(`${at(id)}/signals`, { ...call, method: 'POST', body: { signal: name, tree } }),
    terminal: async (id, options) => openTerminal(http, await webSocket(), at(id), options),
    resize: (id, size, call) => http.json(`${at(id)}/terminal`, { ...call, method: 'PUT', body: size }),
  }
  return commands
}

function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
