import type { Request, RequestHandler, Response } from 'express'
import { Router } from 'express'
import Type from 'typebox'
import { MIB, SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { SessionRequest } from '../../../shared/sessions/requests.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { decodeCursor, encodeCursor } from '../../http/cursor.ts'
import { invalidRequest } from '../../http/problems.ts'
import { requestIdOf } from '../../http/request-log.ts'
import type { RouteRequest } from '../../http/route.ts'
import { bodyValidator } from '../../http/validate.ts'
import { createSession, endSession } from '../../sessions/sessions.ts'
import { ownSession, sessionOf } from '../../sessions/needs.ts'
import { readBody } from '../system/read-body.ts'
import { CreateRequest, DEFAULT_TIMEOUT, sessionOfCreate, templateOf } from './create-request.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { environmentTemplate } from './environment-templates.ts'
import { sandboxIdOf, sessionIdOf } from './sandbox-ids.ts'
import type { SandboxRecord } from './sandbox-records.ts'

/** The version of E2B's agent whose calls are served. */
const ENVD_VERSION = '0.5.7'
/** How long a creation waits for its sandbox; clients wait for a minute. */
const START_SECONDS = 45
const PAGE = 100

const seconds = Type.Integer({ minimum: 0, maximum: 1e9, description: 'seconds' })
const createRequest = bodyValidator(CreateRequest)
const timeoutRequest = bodyValidator(Type.Object({ timeout: seconds }))
const refreshRequest = bodyValidator(Type.Object({ duration: Type.Optional(seconds) }))
const connectRequest = bodyValidator(Type.Object({ timeout: Type.Optional(seconds) }))

/** The routes of E2B's service: creates, finds, extends and ends sandboxes. */
export function sandboxRoutes(needs: E2bNeeds): Router {
  const { config, mayUse, sessions, records } = needs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  const longestMs = config.sessions.maxLifetimeMs
  /** The caller's session of this sandbox id, that has not ended. @throws Problem `not-found` */
  const own = async (req: Request, res: Response): Promise<Session> => {
    const id = sessionIdOf(String(req.params['id']))
    const session = id === undefined ? undefined : await ownSession(sessions, res, id)
    if (!session || session.state === 'ended')
      throw new Problem('not-found', `sandbox "${String(req.params['id'])}" does not exist`)
    return session
  }
  const open = (session: Session, res: Response, templateId: string) =>
    records.open(session.id, templateId, res.locals.caller.keyId)
  const extend = (session: Session, res: Response, lifetimeMs: number) =>
    sessions.calls.call(sessionOf(res, session.id), 'extend', { maxLifetimeMs: lifetimeMs, idleTimeoutMs: lifetimeMs })

  const templateFor = async (id: string, res: Response) => {
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const found = await environmentTemplate(sessions, id, res.locals.caller, gone.signal)
    return found ?? templateOf(id, sessions.languages)
  }

  router.post(['/sandboxes', '/v2/sandboxes'], mayUse, read, async (req, res) => {
    const body = createRequest(req.body)
    const asked = sessionOfCreate(body, longestMs)
    const template = await templateFor(body.templateID, res)
    const session = await start(needs, req, res, { ...asked, ...template })
    res.status(201).json(view(session, await open(session, res, body.templateID), config.e2bDomain))
  })

  router.get(['/sandboxes', '/v2/sandboxes'], mayUse, async (req, res) => {
    const live = await sessions.records.liveOf(res.locals.caller.tenant)
    const all = await Promise.all(
      live.map(async (session) =>
        detail(session, (await records.find(session.id)) ?? { templateId: session.language }, config.e2bDomain),
      ),
    )
    const { page, next } = pageOf(all, req.query as Record<string, unknown>, req.path.startsWith('/v2/'))
    if (next !== undefined) res.set('X-Next-Token', next)
    res.json(page)
  })

  router.get('/sandboxes/:id', mayUse, async (req, res) => {
    const session = await own(req, res)
    const record = (await records.find(session.id)) ?? { templateId: session.language }
    res.json(detail(session, record, config.e2bDomain))
  })

  router.delete('/sandboxes/:id', mayUse, async (req, res) => {
    const { id } = await own(req, res)
    await endSession.handle(
      sessions,
      requestAs(req, res, { id }, undefined, () => undefined),
    )
    res.status(204).end()
  })

  router.post('/sandboxes/:id/timeout', mayUse, read, async (req, res) => {
    const { timeout } = timeoutRequest(req.body)
    const session = await own(req, res)
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
    await prolong(await own(req, res), res, duration)
    res.status(204).end()
  })
  router.post(['/sandboxes/:id/connect', '/v2/sandboxes/:id/connect'], mayUse, read, async (req, res) => {
    const { timeout = DEFAULT_TIMEOUT } = connectRequest(req.body)
    const session = await own(req, res)
    await prolong(session, res, timeout)
    res.json(view(session, await open(session, res, session.language), config.e2bDomain))
  })
  router.post('/sandboxes/:id/resume', mayUse, async (req, res) => {
    const { id } = await own(req, res)
    res.status(409).json({ code: 409, message: `sandbox "${sandboxIdOf(id)}" runs already; connect to it` })
  })
  router.get('/sandboxes/:id/metrics', mayUse, async (req, res) => {
    await own(req, res)
    res.json([])
  })
  for (const [method, action, what] of [
    ['post', 'pause', 'sandboxes cannot be paused here'],
    ['post', 'snapshots', 'there are no snapshots here'],
    ['post', 'fork', 'sandboxes cannot be forked here'],
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

/** A request as the routes of sessions take it, whatever path it came by. */
const requestAs = (
  req: Request,
  res: Response,
  params: Record<string, string>,
  body: unknown,
  send: (status: number, value: unknown) => void,
): RouteRequest => ({
  req,
  res,
  caller: res.locals.caller,
  requestId: requestIdOf(req),
  params,
  query: {},
  body,
  send: send as RouteRequest['send'],
})

/** Starts a session as `POST /v1/sessions` does, and waits for it. @throws Problem */
async function start({ sessions }: E2bNeeds, req: Request, res: Response, asked: SessionRequest): Promise<Session> {
  req.headers.prefer = `wait=${START_SECONDS}`
  let session: Session | undefined
  try {
    await createSession.handle(
      sessions,
      requestAs(req, res, {}, asked, (_status, value) => (session = value as Session)),
    )
  } catch (error) {
    // It was accepted, and there was no room for it after all.
    if (!(error instanceof Problem) || (error.code !== 'session-ended' && error.code !== 'session-lost')) throw error
    throw new Problem('sessions-full', error.message, { headers: { 'Retry-After': '10' }, cause: error })
  }
  for (const name of ['Location', 'Preference-Applied']) res.removeHeader(name)
  if (!session) throw new Error('the session was not answered')
  return session
}

function view({ id }: Session, { templateId, token }: SandboxRecord, domain: string) {
  return {
    sandboxID: sandboxIdOf(id),
    templateID: templateId,
    clientID: 'runyard',
    envdVersion: ENVD_VERSION,
    envdAccessToken: token,
    trafficAccessToken: token,
    ...(domain !== '' && { domain }),
  }
}

function detail(session: Session, { templateId }: Pick<SandboxRecord, 'templateId'>, domain: string) {
  const { id, limits, metadata, createdAt, maxLifetimeMs } = session
  const startedAt = session.startedAt ?? createdAt
  return {
    sandboxID: sandboxIdOf(id),
    templateID: templateId,
    clientID: 'runyard',
    envdVersion: ENVD_VERSION,
    startedAt,
    endAt: session.endsAt ?? new Date(Date.parse(startedAt) + maxLifetimeMs).toISOString(),
    cpuCount: 1,
    memoryMB: Math.floor(limits.memoryBytes / MIB),
    diskSizeMB: Math.floor(limits.fileBytes / MIB),
    state: 'running',
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
    ...(domain !== '' && { domain }),
  }
}
type Detail = ReturnType<typeof detail>

/** Those that a query asks for, in its order. @throws Problem `invalid-header` for a token of another list */
export function pageOf(
  all: readonly Detail[],
  query: Readonly<Record<string, unknown>>,
  isPaged: boolean,
): { page: Detail[]; next: string | undefined } {
  const text = (name: string) => (typeof query[name] === 'string' ? query[name] : '')
  const states = [query['state']]
    .flat()
    .flatMap((one) => (typeof one === 'string' ? one.split(',') : []))
    .filter((one) => one !== '')
  // Twice encoded: as a query, and each of its names and values.
  const wanted = [...new URLSearchParams(text('metadata'))].map((pair) => pair.map(decoded))
  const after = Date.parse(text('startedAfter'))
  const isAscending = text('order') === 'asc'
  const chosen = all
    .filter(({ metadata }) => wanted.every(([name = '', value]) => metadata[name] === value))
    .filter(({ templateID }) => text('template') === '' || templateID === text('template'))
    .filter(({ startedAt }) => Number.isNaN(after) || Date.parse(startedAt) > after)
    .filter(() => states.length === 0 || states.includes('running'))
    // Ids are in the order of time.
    .toSorted((a, b) => (a.sandboxID < b.sandboxID === isAscending ? -1 : 1))
  if (!isPaged) return { page: chosen, next: undefined }
  const last = text('nextToken') === '' ? undefined : sandboxIdOf(decodeCursor(text('nextToken')))
  const rest =
    last === undefined
      ? chosen
      : chosen.filter(({ sandboxID }) => sandboxID !== last && sandboxID > last === isAscending)
  const limit = Math.min(PAGE, Math.max(1, Number(text('limit')) || PAGE))
  const page = rest.slice(0, limit)
  const end = page.at(-1)
  const next = rest.length > limit && end ? encodeCursor(sessionIdOf(end.sandboxID) ?? '') : undefined
  return { page, next }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
