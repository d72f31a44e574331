import type { Response } from 'express'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import { SessionRequest } from '../../../shared/sessions/requests.ts'
import type { Context, Session } from '../../../shared/sessions/session.ts'
import { type EndedBy, whileKeyHolds } from '../../http/open-responses.ts'
import { knownRuntimes } from '../../load/check-workers.ts'
import { invalidRequest } from '../../http/problems.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { bodyValidator } from '../../http/validate.ts'
import { ownSession, sessionOf } from '../../sessions/needs.ts'
import { noSession } from '../../sessions/session-calls.ts'
import { acceptSession, closeSession, prepareSession } from '../../sessions/start-session.ts'
import type { SystemNeeds } from '../system/system.ts'
import { KERNEL_CONTEXT, type KernelInfos } from './kernel-infos.ts'
import { kernelNameOf, languageOfKernel } from './kernel-specs.ts'

const sessionRequest = bodyValidator(SessionRequest)

/** A kernel, as Jupyter's clients see it. */
export interface KernelModel {
  /** That of the session. */
  id: string
  name: string
  /** RFC 3339, UTC. */
  last_activity: string
  execution_state: 'starting' | 'idle' | 'busy' | 'dead'
  /** Sockets at this gateway. */
  connections: number
}

/** Kernels: sessions with a kernel, of which clients of Jupyter use the context `default`. */
export interface KernelCalls {
  list: (res: Response) => Promise<KernelModel[]>
  /** @throws Problem `not-found` when there is none, or it has ended */
  model: (res: Response, id: string) => Promise<KernelModel>
  /** Its session. @throws Problem as `model` */
  session: (res: Response, id: string) => Promise<Session>
  /** The context that its clients use. @throws Problem */
  context: (res: Response, id: string, signal?: AbortSignal) => Promise<Context>
  /** Resolves when it runs, or after a while. One whose id cannot be told is ended. @throws Problem */
  start: (res: Response, asked: { name?: unknown; env?: unknown }) => Promise<KernelModel>
  end: (res: Response, id: string) => Promise<void>
  interrupt: (res: Response, id: string) => Promise<void>
  restart: (res: Response, id: string) => Promise<void>
  /** Counts a socket. @returns what it calls when it closes */
  connect: (id: string) => () => void
  /** Whether the kernel was last started anew because a client asked this gateway for it. */
  restartedHere: (id: string) => boolean
}

/** Clients give up after 40 s. */
const START_MS = 30 * SECOND
/** What the worker of a kernel has to say how it is, before others are listed without. */
const LOOK_MS = 2 * SECOND
/** What a client tells of itself for gateways that start kernels elsewhere. */
const OF_GATEWAYS = /^KERNEL_/

export function createKernelCalls(
  { config, languages, sessions, overview, open }: SystemNeeds,
  infos: KernelInfos,
): KernelCalls {
  const { needs } = sessions
  const { calls, records } = needs
  const connections = new Map<string, number>()
  const restarting = new Set<string>()

  const session = async (res: Response, id: string): Promise<Session> => {
    const found = await ownSession(needs, res, id)
    if (found.state === 'ended' || !found.kernel) throw noSession()
    return found
  }
  const context = async (res: Response, id: string, signal?: AbortSignal): Promise<Context> => {
    const { value } = await calls.call(sessionOf(res, id), 'listContexts', {}, signal ? { signal } : {})
    const found = value.find((one) => one.id === KERNEL_CONTEXT)
    if (!found) throw noSession()
    return found
  }
  /** @returns undefined when it ended while it was asked: a list of before would bring back what its client has ended */
  const modelOf = async (res: Response, of: Session): Promise<KernelModel | undefined> => {
    const { id, language, state, lastActiveAt, createdAt } = of
    const now =
      state === 'starting'
        ? 'starting'
        : await context(res, id, AbortSignal.timeout(LOOK_MS)).then(
            (found) => found.state,
            async () => ((await session(res, id).catch(ignoreEnded)) ? ('busy' as const) : undefined),
          )
    if (now === undefined) return undefined
    return {
      id,
      name: kernelNameOf(language),
      last_activity: lastActiveAt ?? createdAt,
      execution_state: now,
      connections: connections.get(id) ?? 0,
    }
  }

  const model = async (res: Response, id: string): Promise<KernelModel> => {
    const found = await modelOf(res, await session(res, id))
    if (!found) throw noSession()
    return found
  }

  /** Resolves when a kernel has told what it is: its client opens a socket next, and asks that there. @throws Problem when it is none */
  const answered = async (res: Response, id: string, signal?: AbortSignal): Promise<void> => {
    const late = AbortSignal.timeout(START_MS)
    const isThere = signal ? AbortSignal.any([signal, late]) : late
    try {
      await context(res, id, isThere)
    } catch (error) {
      if (!isThere.aborted) throw error
      return
    }
    // One that does not say what it is, is asked again at its socket.
    await infos.of(res, id, isThere).catch(() => undefined)
  }
  const close = (res: Response, id: string) => closeSession(needs, sessionOf(res, id), () => ownSession(needs, res, id))

  return {
    session,
    context,
    model,
    async list(res) {
      const live = await records.liveOf(res.locals.caller.tenant)
      const all = await Promise.all(live.filter(({ kernel }) => kernel).map((one) => modelOf(res, one)))
      return all.filter((one) => one !== undefined)
    },
    async start(res, { name, env }) {
      if (name !== undefined && name !== null && typeof name !== 'string')
        throw invalidRequest([{ pointer: '/name', detail: 'must be the name of a kernel' }])
      const language = languageOfKernel(name ?? '', languages, knownRuntimes(await overview()))
      const body = { language, kernel: true, maxLifetimeMs: config.sessions.maxLifetimeMs, ...environment(env) }
      const request = { body, caller: res.locals.caller, requestId: requestIdOf(res.req) }
      await needs.starting.limitEndUsers(request, 'job')
      const admit = () => open.admit(res)
      const spec = await prepareSession(needs, sessionRequest(body), { ...request, admit })
      const signal = open.admit(res)
      const { id } = await acceptSession(needs, spec, request.caller, undefined)
      try {
        await (signal ? whileKeyHolds(signal, answered(res, id, signal)) : answered(res, id))
        if (signal?.reason === ('client' satisfies EndedBy)) throw noSession()
        return await model(res, id)
      } catch (error) {
        await close(res, id).catch(() => undefined)
        throw error
      }
    },
    async end(res, id) {
      await session(res, id)
      await close(res, id)
    },
    async interrupt(res, id) {
      await session(res, id)
      await calls.call(sessionOf(res, id), 'interruptContext', { id: KERNEL_CONTEXT })
    },
    async restart(res, id) {
      await session(res, id)
      restarting.add(id.toLowerCase())
      try {
        await calls.call(sessionOf(res, id), 'restartContext', { id: KERNEL_CONTEXT })
      } finally {
        restarting.delete(id.toLowerCase())
      }
    },
    connect(id) {
      connections.set(id, (connections.get(id) ?? 0) + 1)
      return () => {
        const left = (connections.get(id) ?? 1) - 1
        if (left > 0) connections.set(id, left)
        else connections.delete(id)
      }
    },
    restartedHere: (id) => restarting.has(id),
  }
}

/** @throws what is no end of a kernel */
export function ignoreEnded(error: unknown): undefined {
  if (!(error instanceof Problem) || error.code !== 'not-found') throw error
  return undefined
}

/** The environment that is asked for. Without one, a kernel that waits ready can be had. */
function environment(env: unknown): { env?: Record<string, unknown> } {
  if (env === undefined || env === null) return {}
  if (typeof env !== 'object' || Array.isArray(env))
    throw invalidRequest([{ pointer: '/env', detail: 'must be an object of texts' }])
  const own = Object.entries(env as Record<string, unknown>).filter(([name]) => !OF_GATEWAYS.test(name))
  return own.length > 0 ? { env: Object.fromEntries(own) } : {}
}
