import type { Response } from 'express'
import { sessionOf } from '../../sessions/needs.ts'
import type { SystemNeeds } from '../system/system.ts'
import type { JupyterRecords } from './jupyter-records.ts'
import type { Part } from './kernel-messages.ts'

/**
 * What kernels say of themselves. Each is asked once, and every gateway knows it then: one that is busy does not answer, and clients that
 * get no answer within a second give up. A program can change what its own says.
 */
export interface KernelInfos {
  /** Of a session's kernel. @throws Problem when it does not answer */
  of: (res: Response, session: string, signal?: AbortSignal) => Promise<Part>
}

/** The context of a session that clients of Jupyter use. */
export const KERNEL_CONTEXT = 'default'
const MOST_INFOS = 1000
const MOST_CHARACTERS = 16 * 1024

export function createKernelInfos(
  { sessions }: Pick<SystemNeeds, 'sessions'>,
  records: Pick<JupyterRecords, 'info' | 'putInfo'>,
): KernelInfos {
  const { calls } = sessions.needs
  const known = new Map<string, Part>()
  const keep = (session: string, info: Part) => {
    if (known.size >= MOST_INFOS) known.clear()
    known.set(session, info)
    return info
  }
  return {
    async of(res, session, signal) {
      const before = known.get(session)
      if (before) return before
      const kept = await records.info(session)
      if (kept) return keep(session, kept)
      const asked = { id: KERNEL_CONTEXT, type: 'kernel_info_request' as const, content: {} }
      const { value } = await calls.call(sessionOf(res, session), 'askContext', asked, signal ? { signal } : {})
      // Debuggers and subshells need channels that sessions do not have.
      const info: Part = { ...value, status: 'ok', debugger: false, supported_features: [] }
      // One that a program made long is told, and asked again.
      if (JSON.stringify(info).length > MOST_CHARACTERS) return info
      await records.putInfo(session, info).catch(() => undefined)
      return keep(session, info)
    },
  }
}
