import { type Request, type RequestHandler, type Response, Router } from 'express'
import Type from 'typebox'
import { SECOND } from '../../../shared/limits.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { invalidRequest } from '../../http/problems.ts'
import { bodyValidator } from '../../http/validate.ts'
import { sessionOf } from '../../sessions/needs.ts'
import { readBody } from '../system/read-body.ts'
import { CreateRequest, DEFAULT_TIMEOUT, sessionOfCreate } from './create-request.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { findPaused, pauseRoute, resume } from './paused-sandboxes.ts'
import { readMetric } from './sandbox-metrics.ts'
import { sessionIdOf } from './sandbox-ids.ts'
import { pageOf, sandboxDetail, sandboxView } from './sandbox-view.ts'
import {
  endSandbox,
  findLiving,
  findSession,
  findTemplate,
  type LivingSandbox,
  noSandbox,
  startSession,
} from './start-sandbox.ts'

const seconds = Type.Integer({ minimum: 0, maximum: 1e9, description: 'seconds' })
const createRequest = bodyValidator(CreateRequest)
const timeoutRequest = bodyValidator(Type.Object({ timeout: seconds }))
const refreshRequest = bodyValidator(Type.Object({ duration: Type.Optional(seconds) }))
const connectRequest = bodyValidator(Type.Object({ timeout: Type.Optional(seconds) }))

/** The routes of E2B's service: creates, finds, extends, pauses and ends sandboxes. */
export function sandboxRoutes(needs: E2bNeeds): Router {
  const { config, mayUse, sessions, records, paused, files } = needs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  const longestMs = config.sessions.maxLifetimeMs
  const idOf = (req: Request) => String(req.params['id'])
  /** The caller's sandbox of this id, that has not ended. @throws Problem `not-found` */
  const own = async (req: Request, res: Response): Promise<LivingSandbox> => {
    const living = await findLiving(needs, idOf(req), res)
    if (!living) throw noSandbox(idOf(req))
    return living
  }
  const extend = (session: Session, res: Response, lifetimeMs: number) =>
    sessions.calls.call(sessionOf(res, session.id), 'extend', { maxLifetimeMs: lifetimeMs, idleTimeoutMs: lifetimeMs })

  router.post(['/sandboxes', '/v2/sandboxes'], mayUse, read, async (req, res) => {
    const body = createRequest(req.body)
    const asked = sessionOfCreate(body, longestMs)
    const { session: template, templateId } = await findTemplate(needs, body.templateID, res)
    const { id } = await startSession(needs, req, res, { ...asked, ...template })
    const record = await records.open(id, { templateId, keyId: res.locals.caller.keyId, env: body.envVars })
    res.status(201).json(sandboxView(record, config.e2bDomain))
  })

  router.get(['/sandboxes', '/v2/sandboxes'], mayUse, async (req, res) => {
    const { tenant } = res.locals.caller
    const isPaged = req.path.startsWith('/v2/')
    const live = await sessions.records.liveOf(tenant)
    const running = await Promise.all(
      live.map(async (session) => sandboxDetail(session, await records.find(session.id), config.e2bDomain)),
    )
    const waiting = [...(await paused.all(tenant)).values()].map(({ detail }) => detail)
    // The session of one that is paused may still be ending.
    const ids = new Set(waiting.map(({ sandboxID }) => sandboxID))
    const all = [...running.filter(({ sandboxID }) => !ids.has(sandboxID)), ...(isPaged ? waiting : [])]
    const { page, next } = pageOf(all, req.query as Record<string, unknown>, isPaged)
    if (next !== undefined) res.set('X-Next-Token', next)
    res.json(page)
  })

  router.get('/sandboxes/:id', mayUse, async (req, res) => {
    const living = await findLiving(needs, idOf(req), res)
    if (living) return res.json(sandboxDetail(living.session, living.record, config.e2bDomain))
    const sandbox = await findPaused(needs, idOf(req), res)
    if (!sandbox) throw noSandbox(idOf(req))
    res.json(sandbox.detail)
  })

  router.delete('/sandboxes/:id', mayUse, async (req, res) => {
    const living = await findSession(needs, idOf(req), res)
    const sandbox = await findPaused(needs, idOf(req), res)
    if (!living && !sandbox) throw noSandbox(idOf(req))
    if (sandbox) {
      const { tenant } = res.locals.caller
      await paused.remove(tenant, sessionIdOf(idOf(req)) ?? '')
      await files.remove(tenant, sandbox.fileId)
    }
    if (living) await endSandbox(needs, req, res, living.session)
    res.status(204).end()
  })

  router.post('/sandboxes/:id/timeout', mayUse, read, async (req, res) => {
    const { timeout } = timeoutRequest(req.body)
    const { session } = await own(req, res)
    const lifetimeMs = livedMs(session) + Math.max(timeout, 1) * SECOND
    if (lifetimeMs > longestMs) {
      const most = Math.floor(longestMs / SECOND)
      throw invalidRequest([
        { pointer: '/timeout', detail: `is ${timeout}; a sandbox lives ${most} seconds at most, from its start` },
      ])
    }
    await extend(session, res, lifetimeMs)
    res.status(204).end()
  })

  /** Never ends it sooner. */
  const prolong = async (session: Session, res: Response, wanted: number) => {
    const lifetimeMs = Math.min(longestMs, livedMs(session) + wanted * SECOND)
    if (lifetimeMs > session.maxLifetimeMs) await extend(session, res, lifetimeMs)
  }
  router.post('/sandboxes/:id/refreshes', mayUse, read, async (req, res) => {
    const { duration = DEFAULT_TIMEOUT } = refreshRequest(req.body)
    await prolong((await own(req, res)).session, res, duration)
    res.status(204).end()
  })

  /** @returns whether it was paused */
  const resumed = async (req: Request, res: Response, timeout: number): Promise<boolean> => {
    const sandbox = await findPaused(needs, idOf(req), res)
    if (!sandbox) return false
    res.status(201).json(sandboxView(await resume(needs, req, res, sandbox, timeout), config.e2bDomain))
    return true
  }
  router.post(['/sandboxes/:id/connect', '/v2/sandboxes/:id/connect'], mayUse, read, async (req, res) => {
    const { timeout = DEFAULT_TIMEOUT } = connectRequest(req.body)
    const living = await findLiving(needs, idOf(req), res)
    if (!living) {
      if (await resumed(req, res, timeout)) return
      throw noSandbox(idOf(req))
    }
    const { session, record } = living
    await prolong(session, res, timeout)
    const opened = { templateId: session.language, keyId: res.locals.caller.keyId }
    res.json(sandboxView(await records.open(record?.id ?? session.id, opened), config.e2bDomain))
  })
  router.post('/sandboxes/:id/resume', mayUse, read, async (req, res) => {
    const { timeout = DEFAULT_TIMEOUT } = connectRequest(req.body)
    if (await findLiving(needs, idOf(req), res)) {
      return res.status(409).json({ code: 409, message: `sandbox "${idOf(req)}" runs already; connect to it` })
    }
    if (!(await resumed(req, res, timeout))) throw noSandbox(idOf(req))
  })

  router.get('/sandboxes/:id/metrics', mayUse, async (req, res) => {
    const { session } = await own(req, res)
    // What was used earlier nobody has kept.
    const isPast = Number(req.query['end']) * SECOND < Date.now() - SECOND
    const metric = isPast || session.state !== 'running' ? undefined : await readMetric(needs, res, session)
    res.json(metric ? [metric] : [])
  })
  router.use(pauseRoute(needs))
  for (const [method, action, what] of [
    [
      'post',
      'fork',
      'sandboxes cannot be forked here, since what runs in one cannot be kept; create some from a snapshot',
    ],
    ['put', 'network', 'sandboxes have no network here'],
  ] as const) {
    const refuse: RequestHandler = async (req, res) => {
      await own(req, res)
      res.status(501).json({ code: 501, message: what })
    }
    router[method](`/sandboxes/:id/${action}`, mayUse, refuse)
  }
  return router
}

/** How long a sandbox has lived, in ms. */
const livedMs = ({ startedAt, createdAt }: Session): number =>
  Math.max(0, Date.now() - Date.parse(startedAt ?? createdAt))
