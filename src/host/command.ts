import { spawn } from 'node:child_process'

export interface CommandOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Called with every line of standard output and standard error as it comes. */
  onLine?: ((line: string) => void) | undefined
  /** After so many milliseconds the command gets SIGTERM (which sudo passes on) and counts as failed. */
  timeoutMs?: number
  signal?: AbortSignal | undefined
}

export interface CommandResult {
  /** Null when a signal ended it or it could not be started. */
  exitCode: number | null
  stdout: string
  stderr: string
  /** Both, in the order they came. */
  output: string
}

/** A command that could not be started or did not exit with 0. The message ends with what it printed. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly result: CommandResult

  constructor(command: readonly string[], result: CommandResult) {
    const end = result.exitCode === null ? 'was ended' : `exited with ${result.exitCode}`
    const said = result.output.trim().split('\n').slice(-40).join('\n')
    super(`${command.slice(0, 4).join(' ')} ... ${end}${said === '' ? '' : `:\n${said}`}`)
    this.result = result
  }
}

/** Runs a program to its end, without a shell and without standard input; a failure is a result, not an error. */
export function tryCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file = '', ...args] = command
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      cwd: options.cwd,
      signal: options.signal,
    })
    // The `timeout` of spawn keeps the process alive where the program could not be started.
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => child.kill(), options.timeoutMs)
    const end = (result: CommandResult) => {
      clearTimeout(timer)
      resolve(result)
    }
    const texts = { stdout: '', stderr: '', output: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      let rest = ''
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        texts[name] += chunk
        texts.output += chunk
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        if (options.onLine) lines.forEach(options.onLine)
      })
      child[name].on('end', () => rest !== '' && options.onLine?.(rest))
    }
    child.on('error', (error) => end({ exitCode: null, stdout: '', stderr: error.message, output: error.message }))
    child.on('close', (exitCode) => end({ exitCode, ...texts }))
  })
}

/**
 * Runs a program to its end.
 * @returns what it printed on standard output
 * @throws CommandError
 */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(command, options)
  if (result.exitCode !== 0) throw new CommandError(command, result)
  return result.stdout
}
