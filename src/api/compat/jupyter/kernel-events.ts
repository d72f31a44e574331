import type { Comm } from '../../../shared/sessions/comm.ts'
import type { Context, ExecutionError, Session } from '../../../shared/sessions/session.ts'
import type { SessionEvent } from '../../../shared/sessions/session-event.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import type { JupyterMessage } from './framing.ts'
import type { ExecuteAsked, JupyterRecords } from './jupyter-records.ts'
import { executionEnd, type MessageMaker, type Part, unknownParent } from './kernel-messages.ts'
import { KERNEL_CONTEXT } from './kernel-infos.ts'
import type { RunLine } from './run-line.ts'

/** Tells one socket what happens in its session, as a kernel does. */
export interface KernelEvents {
  take: (event: StoredEvent) => Promise<void>
}

export interface KernelEventsOptions {
  session: Session
  /** `session_id` of the socket. */
  client: string
  records: JupyterRecords
  send: (message: JupyterMessage) => Promise<void>
  make: MessageMaker
  /** As it was when the socket began. */
  context: Context
  line: RunLine
  /** Is told how often the kernel was started anew. @returns whether the client has to be told */
  restarted: (count: number) => boolean
  /** Headers of comms' messages of this socket, by their ids. */
  comms: Map<string, Part>
  /** Is told of an execution of this socket that asks for a line. */
  asksInput: (execution: string) => void
}

/** An execution as far as its events have been told. */
interface Told {
  parent: Part
  asked: ExecuteAsked | undefined
  count: number
  error?: ExecutionError
  /** Whether it was told to be busy. */
  isBusy: boolean
}

/** Tells the events of a session to one socket, each under the message that caused it. */
export function createKernelEvents(options: KernelEventsOptions): KernelEvents {
  const { session, client, records, send, make, context, line, restarted, comms, asksInput } = options
  const executions = new Map<string, Told>()
  const others = new Set<string>()
  let lastCount = context.executionCount ?? 0

  const tell = (type: string, content: Part, parent: Part) => send(make('iopub', type, content, parent))
  const askedWith = async (id: string) => line.asked(id) ?? (await records.asked(session.id, id))
  const begin = (id: string, asked: ExecuteAsked | undefined, isBusy: boolean): Told => {
    const parent = asked?.header ?? unknownParent(id, session.id)
    const told: Told = { parent, asked, count: lastCount + (asked?.silent ? 0 : 1), isBusy }
    executions.set(id, told)
    return told
  }
  /** One that something is told of; undefined for one of another context. It may have begun before the socket did. */
  const underWay = async (id: string): Promise<Told | undefined> => {
    const known = executions.get(id)
    if (known || others.has(id)) return known
    const asked = await askedWith(id)
    if (asked) return begin(id, asked, true)
    others.add(id)
    return undefined
  }

  const takeExecution = async (data: Extract<SessionEvent, { type: 'execution' }>['data']) => {
    if (data.context !== KERNEL_CONTEXT) {
      if (data.state === 'finished') others.delete(data.id)
      else others.add(data.id)
      return
    }
    const wasToldBefore = data.state === 'finished' && data.startedAt !== null
    const told = executions.get(data.id) ?? begin(data.id, await askedWith(data.id), wasToldBefore)
    const { parent, asked } = told
    if (!told.isBusy) {
      told.isBusy = true
      await tell('status', { execution_state: 'busy' }, parent)
      // One that never ran has no number, and was no input.
      if (data.status !== 'cancelled' && !asked?.silent)
        await tell('execute_input', { code: asked?.code ?? '', execution_count: told.count }, parent)
    }
    if (data.state !== 'finished') return
    executions.delete(data.id)
    lastCount = data.executionCount ?? lastCount
    const { reply, error, isFailure } = executionEnd(data, told.error, told.count)
    if (error) await tell('error', error, parent)
    if (asked?.socket === client) await send(make('shell', 'execute_reply', reply, parent))
    await tell('status', { execution_state: 'idle' }, parent)
    // Behind it, so that what follows is told after its end.
    if (asked?.socket === client) await line.ended(data.id, isFailure)
  }

  const takeContext = async (data: Context) => {
    if (data.id !== KERNEL_CONTEXT) return
    // A kernel that is gone answers none of them.
    if (data.state === 'starting' || data.state === 'dead') comms.clear()
    if (restarted(data.restarts)) await tell('status', { execution_state: 'restarting' }, {})
    if (data.state === 'dead') await tell('status', { execution_state: 'dead' }, {})
  }

  /** Of those that this socket caused it is told, of those of others what every client has to know. */
  const takeComm = async ({ context: id, type, content, metadata, buffers = [], execution, parent: by }: Comm) => {
    if (id !== KERNEL_CONTEXT) return
    const own = by === undefined ? undefined : comms.get(by)
    if (by !== undefined && !own && !type.startsWith('comm_')) return
    const parent = own ?? (execution === undefined ? undefined : (await underWay(execution))?.parent) ?? {}
    if (by !== undefined && type === 'status') comms.delete(by)
    await send({
      ...make('iopub', type, content, parent),
      metadata,
      buffers: buffers.map((text) => Buffer.from(text, 'base64')),
    })
  }

  return {
    async take(stored) {
      const event = { type: stored.type, data: JSON.parse(stored.data) as unknown } as SessionEvent
      switch (event.type) {
        case 'execution':
          return takeExecution(event.data)
        case 'context':
          return takeContext(event.data)
        case 'ended':
          return tell('status', { execution_state: 'dead' }, {})
        case 'stdout':
        case 'stderr': {
          const { execution, data } = event.data
          const told = execution === undefined ? undefined : await underWay(execution)
          return told && tell('stream', { name: event.type, text: data }, told.parent)
        }
        case 'output':
        case 'output-updated': {
          const { execution, data, metadata, isMainResult, displayId } = event.data
          const told = await underWay(execution)
          if (!told) return
          const { parent, count } = told
          const transient = displayId === undefined ? {} : { display_id: displayId }
          if (isMainResult) return tell('execute_result', { data, metadata, execution_count: count }, parent)
          const type = event.type === 'output' ? 'display_data' : 'update_display_data'
          return tell(type, { data, metadata, transient }, parent)
        }
        case 'output-cleared': {
          const told = await underWay(event.data.execution)
          return told && tell('clear_output', { wait: false }, told.parent)
        }
        case 'error': {
          const { execution, name, value, traceback } = event.data
          const told = await underWay(execution)
          if (!told) return
          told.error = { name, value, traceback }
          return tell('error', { ename: name, evalue: value, traceback }, told.parent)
        }
        case 'input-request': {
          const { execution, prompt, password } = event.data
          const told = await underWay(execution)
          if (told?.asked?.socket !== client) return
          asksInput(execution)
          return send(make('stdin', 'input_request', { prompt, password }, told.parent))
        }
        case 'comm':
          return takeComm(event.data)
        default:
      }
    },
  }
}
