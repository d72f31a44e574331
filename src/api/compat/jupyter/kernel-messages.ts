import { createHash, randomUUID } from 'node:crypto'
import type { Execution, ExecutionError } from '../../../shared/sessions/session.ts'
import type { JupyterMessage } from './framing.ts'

export const PROTOCOL_VERSION = '5.4'

export type Part = Readonly<Record<string, unknown>>

/** Makes the messages of one kernel. */
export interface MessageMaker {
  /** @param parent header of the request that it answers, or is about; `{}` for none */
  (channel: 'shell' | 'control' | 'iopub' | 'stdin', type: string, content: Part, parent: Part): JupyterMessage
}

/**
 * @param session the name of the kernel's life: messages with another one are thrown away by clients, so it changes with each start of
 * the kernel and with nothing else
 */
export const messageMaker =
  (session: () => string): MessageMaker =>
  (channel, type, content, parent) => ({
    channel,
    header: {
      msg_id: randomUUID(),
      msg_type: type,
      username: 'runyard',
      session: session(),
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    },
    parent_header: parent,
    metadata: {},
    content,
    buffers: [],
  })

/** The name of a life of a kernel, the same at every gateway. @param restarts how often it was started anew */
export const kernelLife = (session: string, restarts: number): string =>
  createHash('sha256').update(`${session} ${restarts}`).digest('hex').slice(0, 32)

/** The header of an execution that came by no socket, or of which no more is known. */
export const unknownParent = (execution: string, session: string): Part => ({
  msg_id: execution,
  msg_type: 'execute_request',
  username: '',
  session,
  date: '',
  version: PROTOCOL_VERSION,
})

/** What went wrong that the kernel itself told nothing of. */
export const faultContent = (
  ename: string,
  evalue: string,
): { ename: string; evalue: string; traceback: string[] } => ({
  ename,
  evalue,
  traceback: [`${ename}: ${evalue}`],
})

export interface ExecutionEnd {
  /** Content of the `execute_reply`. */
  reply: Part
  /** Content of an `error` that nobody has told yet. */
  error?: Part
  /** Whether what waits behind it is not to run, if its request says so. */
  isFailure: boolean
}

const NAMES = {
  interrupted: 'KeyboardInterrupt',
  'wall-time-limit': 'TimeoutError',
  'cpu-time-limit': 'TimeoutError',
  'context-lost': 'DeadKernelError',
  'session-lost': 'DeadKernelError',
  failed: 'Error',
} as const

/**
 * How an execution ended.
 * @param error what was told of it before
 * @param count its number, if the event does not have one
 */
export function executionEnd(
  { status, message, executionCount }: Pick<Execution, 'status' | 'message' | 'executionCount'>,
  error: ExecutionError | undefined,
  count: number,
): ExecutionEnd {
  const execution_count = executionCount ?? count
  if (status === 'succeeded') {
    return { reply: { status: 'ok', execution_count, user_expressions: {}, payload: [] }, isFailure: false }
  }
  if (status === 'cancelled' || status === null) {
    return { reply: { status: 'aborted', execution_count }, isFailure: false }
  }
  const told = error && { ename: error.name, evalue: error.value, traceback: error.traceback }
  const isByTime = status === 'wall-time-limit' || status === 'cpu-time-limit'
  const why = isByTime || !told ? faultContent(NAMES[status], message ?? 'it ended') : told
  return {
    reply: { status: 'error', execution_count, ...why },
    ...((isByTime || !told) && { error: why }),
    isFailure: true,
  }
}
