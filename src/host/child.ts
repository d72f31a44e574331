import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

export interface Child {
  readonly name: string
  readonly pid: number
  /** File that gets what it prints. */
  readonly logFile: string
  /** Settles when it has ended, however that came. */
  readonly ended: Promise<ChildEnd>
  /** Ends it: SIGTERM, after `graceMs` SIGKILL. Every caller gets the same promise. */
  stop(graceMs?: number): Promise<ChildEnd>
  /** SIGKILL at once, for a person who will not wait. */
  kill(): void
}

export interface ChildEnd {
  exitCode: number | null
  signal: NodeJS.Signals | null
}

export interface ChildOptions {
  name: string
  command: readonly string[]
  /** File that gets what it prints, appended. */
  logFile: string
  env?: NodeJS.ProcessEnv
  /** Its working directory; this process's otherwise. */
  cwd?: string
  /** Sent to it by the kernel when this process dies without having stopped it. */
  deathSignal: 'TERM' | 'KILL'
}

/**
 * Starts a long-lived program in a session of its own, so that Ctrl-C in the terminal reaches only this process, which
 * stops its children in order; and bound to this process's life, so that even SIGKILL leaves none behind.
 * @throws Error when the program cannot be started
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logFile, 'a', 0o600)
  const child = spawn('setpriv', ['--pdeathsig', options.deathSignal, '--', ...options.command], {
    stdio: ['ignore', log, log],
    env: options.env ?? process.env,
    cwd: options.cwd,
    detached: true,
  })
  closeSync(log)
  await untilStarted(child, options.name)
  const ended = endOf(child)
  let stopping: Promise<ChildEnd> | undefined
  return {
    name: options.name,
    pid: child.pid ?? 0,
    logFile: options.logFile,
    ended,
    stop(graceMs = 10_000) {
      return (stopping ??= (async () => {
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
        const end = await ended
        clearTimeout(timer)
        return end
      })())
    },
    kill() {
      child.kill('SIGKILL')
    },
  }
}

/** `exited with 1` or `was ended by SIGKILL`. */
export function describeEnd({ exitCode, signal }: ChildEnd): string {
  return signal === null ? `exited with ${exitCode}` : `was ended by ${signal}`
}

/** @throws Error, through the promise, when it cannot be started */
export function untilStarted(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => reject(new Error(`${name} did not start: ${error.message}`, { cause: error })))
  })
}

/** Settles when it has ended, however that came. */
export function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}
