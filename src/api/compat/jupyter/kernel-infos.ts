import type { Response } from 'express'
import { sessionOf } from '../../sessions/needs.ts'
import type { SystemNeeds } from '../system/system.ts'
import type { Part } from './kernel-messages.ts'
import { KERNEL_CONTEXT } from './kernels.ts'

/** What kernels say of themselves. Each is asked once: one that is busy does not answer. A program can change what its own says. */
export interface KernelInfos {
  /** Of a session's kernel. @throws Problem when it does not answer */
  of: (res: Response, session: string, signal?: AbortSignal) => Promise<Part>
}

const MOST_INFOS = 1000

export function createKernelInfos({ sessions }: Pick<SystemNeeds, 'sessions'>): KernelInfos {
  const { calls } = sessions.needs
  const known = new Map<string, Part>()
  return {
    async of(res, session, signal) {
      const before = known.get(session)
      if (before) return before
      const asked = { id: KERNEL_CONTEXT, type: 'kernel_info_request' as const, content: {} }
      const { value } = await calls.call(sessionOf(res, session), 'askContext', asked, signal ? { signal } : {})
      // Debuggers and subshells need channels that sessions do not have.
      const info: Part = { ...value, status: 'ok', debugger: false, supported_features: [] }
      if (known.size >= MOST_INFOS) known.clear()
      known.set(session, info)
      return info
    },
  }
}
