import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { type Child, type ChildOptions, endOf, untilStarted } from './child.ts'
import { rootPrefix } from './root-command.ts'

/**
 * Runs as root, beside this process of an ordinary user. A user may not send signals to it, and the kernel's death signal
 * does not survive sudo; so the shell stops the program when its standard input, which this process holds, is closed: by
 * `stop()`, or by the end of this process, however that comes. A session of its own keeps Ctrl-C from the program.
 */
const GUARD = `
trap "" INT HUP
exec 3<&0
setsid "$@" </dev/null & program=$!
(cat <&3 >/dev/null; kill "$program") &
(until [ -S "$GUARD_SOCKET" ]; do sleep 0.02; done; chown "$GUARD_OWNER" "$GUARD_SOCKET") &
wait "$program"`

/**
 * Starts a long-lived program as root through sudo, which must not need to ask, and gives its socket to this user.
 * @throws Error when sudo cannot be started
 */
export async function startRootChild(options: ChildOptions & { socketPath: string }): Promise<Child> {
  const log = openSync(options.logFile, 'a', 0o600)
  const owner = `${process.getuid?.()}:${process.getgid?.()}`
  const variables = ['env', `GUARD_SOCKET=${options.socketPath}`, `GUARD_OWNER=${owner}`]
  const [file = '', ...args] = [...rootPrefix(), ...variables, 'sh', '-c', GUARD, 'sh', ...options.command]
  const child = spawn(file, args, { stdio: ['pipe', log, log], env: options.env ?? process.env, cwd: options.cwd })
  closeSync(log)
  await untilStarted(child, options.name)
  const ended = endOf(child)
  const stop = () => {
    child.stdin?.end()
    return ended
  }
  return { name: options.name, pid: child.pid ?? 0, logFile: options.logFile, ended, stop, kill: () => void stop() }
}
