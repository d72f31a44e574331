import type { Response } from 'express'
import { v7 as uuid } from 'uuid'
import { COMM_TYPES, type CommType } from '../../../shared/sessions/comm.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { sessionOf } from '../../sessions/needs.ts'
import type { SystemNeeds } from '../system/system.ts'
import type { JupyterMessage } from './framing.ts'
import { KERNEL_CONTEXT, type KernelInfos } from './kernel-infos.ts'
import { faultContent, type MessageMaker, type Part } from './kernel-messages.ts'
import type { KernelCalls } from './kernels.ts'
import type { RunLine } from './run-line.ts'

/** Does what a client sends over its socket. */
export interface KernelRequests {
  /**
   * Never fails: what goes wrong is in the reply.
   * @param pause is called when too much is under way, `resume` when there is room again
   */
  take: (message: JupyterMessage, pause: () => void, resume: () => void) => void
}

export interface KernelRequestsOptions {
  needs: SystemNeeds
  kernels: KernelCalls
  res: Response
  session: Session
  line: RunLine
  send: (message: JupyterMessage) => Promise<void>
  make: MessageMaker
  infos: KernelInfos
  /** Headers of messages of comms that the kernel has not done with, by the ids that they have there. */
  comms: Map<string, Part>
  /** The execution of this socket that asked for a line last. */
  asking: () => string | undefined
}

/** Requests that the kernel answers by itself. */
const OF_KERNEL = new Set([
  'kernel_info_request',
  'complete_request',
  'inspect_request',
  'is_complete_request',
  'history_request',
  'comm_info_request',
])
const MOST_UNDER_WAY = 32

/** Does what the client of one socket asks: replies go to that socket alone. */
export function createKernelRequests(options: KernelRequestsOptions): KernelRequests {
  const { needs, kernels, res, session, line, send, make, infos, comms, asking } = options
  const { calls } = needs.sessions.needs
  let underWay = 0

  const requireSize = (bytes: number) => {
    const most = needs.config.http.maxCodeBytes
    if (bytes > most) throw new Problem('too-large', `the content has ${bytes} bytes; ${most} are allowed`)
  }
  const ask = async (type: string, content: Part): Promise<Part> => {
    if (type === 'kernel_info_request') return infos.of(res, session.id)
    requireSize(Buffer.byteLength(JSON.stringify(content)))
    const asked = { id: KERNEL_CONTEXT, type, content }
    const { value } = await calls.call(sessionOf(res, session.id), 'askContext', asked)
    return value as Part
  }

  const onControl = async (type: string, content: Part): Promise<Part> => {
    if (type === 'interrupt_request') {
      await kernels.interrupt(res, session.id)
      return { status: 'ok' }
    }
    if (type === 'shutdown_request') {
      const restart = content['restart'] === true
      if (restart) await kernels.restart(res, session.id)
      else await kernels.end(res, session.id)
      return { status: 'ok', restart }
    }
    if (type === 'kernel_info_request') return ask(type, content)
    return unknown(type)
  }

  const onShell = async ({ content }: JupyterMessage, type: string): Promise<Part> => {
    if (OF_KERNEL.has(type)) return ask(type, content)
    return unknown(type)
  }

  /** What the kernel makes of it comes with the session's events, that it has done with it too. */
  const passComm = async (message: JupyterMessage, type: CommType): Promise<void> => {
    const { header, content, metadata } = message
    const id = uuid()
    comms.set(id, header)
    try {
      const text = Buffer.byteLength(JSON.stringify([content, metadata]))
      requireSize(message.buffers.reduce((sum, one) => sum + one.length, text))
      const buffers = message.buffers.map((one) => Buffer.from(one).toString('base64'))
      const asked = { id, context: KERNEL_CONTEXT, type, content, metadata, buffers }
      await calls.call(sessionOf(res, session.id), 'sendComm', asked)
    } catch (error) {
      comms.delete(id)
      throw error
    }
  }

  /** Every request is told as busy and idle, whatever comes of it. */
  const answer = async (message: JupyterMessage, channel: 'shell' | 'control') => {
    const { header } = message
    const type = String(header['msg_type'])
    await send(make('iopub', 'status', { execution_state: 'busy' }, header))
    let reply: Part
    try {
      // That it is idle again the kernel says itself.
      if (channel === 'shell' && isComm(type)) return await passComm(message, type)
      reply = channel === 'control' ? await onControl(type, message.content) : await onShell(message, type)
    } catch (error) {
      if (!(error instanceof Problem)) res.req.log.warn({ err: error, sessionId: session.id }, 'message not answered')
      reply = errorReply(
        error instanceof Problem ? error.code : 'internal-error',
        error instanceof Problem ? error.message : 'an internal error occurred',
      )
    }
    if (type.endsWith('_request')) await send(make(channel, type.replace(/_request$/, '_reply'), reply, header))
    await send(make('iopub', 'status', { execution_state: 'idle' }, header))
  }

  const input = async (value: unknown) => {
    const id = asking()
    if (id === undefined || typeof value !== 'string') return
    await calls.call(sessionOf(res, session.id), 'answerInput', { id, value })
  }

  return {
    take(message, pause, resume) {
      const { channel, header, content } = message
      const isRun = channel === 'shell' && header['msg_type'] === 'execute_request'
      const refused = isRun ? line.add(message) : undefined
      // What waits to be run has a bound of its own, and never keeps an interrupt from being heard.
      if (isRun && !refused) return
      if (++underWay === MOST_UNDER_WAY) pause()
      const done =
        refused ??
        (channel === 'stdin' && header['msg_type'] === 'input_reply'
          ? input(content['value'])
          : channel === 'shell' || channel === 'control'
            ? answer(message, channel)
            : Promise.resolve())
      done
        // The execution may have ended meanwhile.
        .catch((err: unknown) => res.req.log.debug({ err, sessionId: session.id }, 'message without effect'))
        .finally(() => {
          if (underWay-- === MOST_UNDER_WAY) resume()
        })
    },
  }
}

const isComm = (type: string): type is CommType => (COMM_TYPES as readonly string[]).includes(type)

const errorReply = (ename: string, evalue: string): Part => ({ status: 'error', ...faultContent(ename, evalue) })

const unknown = (type: string): Part => errorReply('NotImplementedError', `${type} is not served here`)
