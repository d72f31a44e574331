import { constants } from 'node:os'
import { Problem } from '../../../shared/problems.ts'
import type { Command } from '../../../shared/sessions/session.ts'
import { RpcFault } from './rpc.ts'

/**
 * How a process ended, in the words of the service of processes.
 * @throws RpcFault when the end was none of its own; Problem `session-ended` when its sandbox ended
 */
export function endEvent({
  status,
  message,
  exitCode,
  signal,
}: Pick<Command, 'status' | 'message' | 'exitCode' | 'signal'>) {
  switch (status) {
    case 'wall-time-limit':
      throw new RpcFault('deadline_exceeded', `the process was killed: ${message ?? 'its time is over'}`)
    case 'output-limit':
      throw new RpcFault('resource_exhausted', `the process was killed: ${message ?? 'it wrote too much'}`)
    case 'cancelled':
    case 'session-lost':
      throw new Problem('session-ended', 'the sandbox has ended')
    default:
  }
  if (signal !== null) {
    const words = WORDS[signal] ?? String((constants.signals as Record<string, number>)[signal] ?? signal)
    return { exitCode: -1, exited: false, status: `signal: ${words}`, error: `signal: ${words}` }
  }
  const text = `exit status ${exitCode ?? 0}`
  return { exitCode: exitCode ?? 0, exited: true, status: text, ...(exitCode !== 0 && { error: text }) }
}

/** What signals are called by the system's own messages. */
const WORDS: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGABRT: 'aborted',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGPIPE: 'broken pipe',
  SIGTERM: 'terminated',
}
