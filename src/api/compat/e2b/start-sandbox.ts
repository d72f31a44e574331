import type { Request, Response } from 'express'
import { Problem } from '../../../shared/problems.ts'
import type { SessionRequest } from '../../../shared/sessions/requests.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { noBulk, type RouteRequest } from '../../http/route.ts'
import { createSession, endSession } from '../../sessions/sessions.ts'
import { ownSession } from '../../sessions/needs.ts'
import { templateOf } from './create-request.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { environmentTemplate } from './environment-templates.ts'
import { fileIdOfSnapshot, sessionIdOf } from './sandbox-ids.ts'
import type { SandboxRecord } from './sandbox-records.ts'
import { findSnapshot, type Snapshot } from './snapshot-records.ts'

/** How long a creation waits for its sandbox; clients wait for a minute. */
const START_SECONDS = 45

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
  takeBulk: noBulk,
  send: send as RouteRequest['send'],
})

/** Starts a session as `POST /v1/sessions` does, and waits for it. @throws Problem */
export async function startSession(
  { sessions }: Pick<E2bNeeds, 'sessions'>,
  req: Request,
  res: Response,
  asked: SessionRequest,
): Promise<Session> {
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

/** Ends the session of a sandbox as `DELETE /v1/sessions/:id` does. It may need longer than this waits. */
export async function endSandbox(
  { sessions }: Pick<E2bNeeds, 'sessions'>,
  req: Request,
  res: Response,
  { id }: Session,
): Promise<void> {
  await endSession.handle(
    sessions,
    requestAs(req, res, { id }, undefined, () => undefined),
  )
}

/** What a template stands for. */
export interface FoundTemplate {
  session: Pick<SessionRequest, 'language' | 'kernel' | 'version' | 'environment' | 'from'>
  /** The template itself; of a snapshot, that of the sandbox that it was made of. */
  templateId: string
}

/**
 * What a template stands for: a snapshot by its id or its name, an environment, or a language.
 * @throws Problem `not-found`; what is wrong with an environment
 */
export async function findTemplate(
  { sessions, snapshots }: Pick<E2bNeeds, 'sessions' | 'snapshots'>,
  id: string,
  res: Response,
): Promise<FoundTemplate> {
  const { caller } = res.locals
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  const basic = async (templateId: string): Promise<FoundTemplate> => {
    const environment = await environmentTemplate(sessions, templateId, caller, gone.signal)
    return { session: environment ?? templateOf(templateId, sessions.languages), templateId }
  }
  const from = async ({ templateId, fileId }: Snapshot): Promise<FoundTemplate> => {
    const { session } = await basic(templateId)
    return { session: { ...session, from: fileId }, templateId }
  }
  const fileId = fileIdOfSnapshot(id)
  const snapshot = fileId === undefined ? undefined : await snapshots.get(caller.tenant, fileId)
  if (snapshot) return from(snapshot)
  try {
    return await basic(id)
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not-found') throw error
    const named = await findSnapshot(snapshots, caller.tenant, id)
    if (named) return from(named)
    throw error
  }
}

/** A sandbox that lives: the session that it is, and what is known of it. */
export interface LivingSandbox {
  session: Session
  /** Absent where the session came another way. */
  record: SandboxRecord | undefined
}

/** The caller's sandbox of this id in a path. @returns undefined when it has ended, or is paused, though its session may still be ending */
export async function findLiving(
  needs: Pick<E2bNeeds, 'sessions' | 'records' | 'paused'>,
  sandboxId: string,
  res: Response,
): Promise<LivingSandbox | undefined> {
  const found = await findSession(needs, sandboxId, res)
  if (!found) return undefined
  const isPaused = await needs.paused.get(res.locals.caller.tenant, found.record?.id ?? found.session.id)
  return isPaused ? undefined : found
}

/** The same, whether it is paused or not: what is paused has a session until that has ended. */
export async function findSession(
  { sessions, records }: Pick<E2bNeeds, 'sessions' | 'records'>,
  sandboxId: string,
  res: Response,
): Promise<LivingSandbox | undefined> {
  const id = sessionIdOf(sandboxId)
  if (id === undefined) return undefined
  const record = await records.find(id)
  const session = await ownSession(sessions, res, record?.sessionId ?? id).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== 'not-found') throw error
  })
  return session && session.state !== 'ended' ? { session, record } : undefined
}

export const noSandbox = (sandboxId: string): Problem =>
  new Problem('not-found', `sandbox "${sandboxId}" does not exist`)
