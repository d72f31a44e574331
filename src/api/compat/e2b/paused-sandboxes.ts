import { type Request, type Response, Router } from 'express'
import Type from 'typebox'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import { bodyValidator } from '../../http/validate.ts'
import { readBody } from '../system/read-body.ts'
import { sessionOfCreate } from './create-request.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { sandboxIdOf, sessionIdOf } from './sandbox-ids.ts'
import type { SandboxRecord } from './sandbox-records.ts'
import { sandboxDetail, type SandboxDetail } from './sandbox-view.ts'
import { keepFolder, noMemory } from './snapshots.ts'
import { endSandbox, findLiving, findTemplate, noSandbox, startSession } from './start-sandbox.ts'

/** A sandbox whose session has ended and whose files are kept, until it is resumed. */
export interface PausedSandbox {
  fileId: string
  detail: SandboxDetail
  /** Variables that it was created with. */
  env: Readonly<Record<string, string>>
  expiresAt: string
}

const pauseRequest = bodyValidator(Type.Object({ memory: Type.Optional(Type.Boolean()) }))
const AGAIN_SECONDS = 2

/** The caller's paused sandbox of this id in a path. */
export async function findPaused(
  { paused }: Pick<E2bNeeds, 'paused'>,
  sandboxId: string,
  res: Response,
): Promise<PausedSandbox | undefined> {
  const id = sessionIdOf(sandboxId)
  return id === undefined ? undefined : paused.get(res.locals.caller.tenant, id)
}

/** The route that ends a sandbox and keeps its files. */
export function pauseRoute(needs: E2bNeeds): Router {
  const { config, mayUse, records, paused } = needs
  const router = Router()
  router.post('/sandboxes/:id/pause', mayUse, readBody(config.http.maxBodyBytes), async (req, res) => {
    const { memory } = pauseRequest(req.body)
    const sandboxId = String(req.params['id'])
    const living = await findLiving(needs, sandboxId, res)
    if (!living) {
      if (!(await findPaused(needs, sandboxId, res))) throw noSandbox(sandboxId)
      return res.status(409).json({ code: 409, message: `sandbox "${sandboxId}" is paused already` })
    }
    if (memory !== false)
      return res.status(501).json(noMemory('pause it with keepMemory: false, or in Python with mode="filesystem"'))
    const { session } = living
    const { tenant, keyId } = res.locals.caller
    const record = living.record ?? (await records.open(session.id, { templateId: session.language, keyId }))
    const { id: fileId, expiresAt } = await keepFolder(needs, res, session, `${sandboxIdOf(record.id)}.tar`)
    const detail: SandboxDetail = {
      ...sandboxDetail(session, record, config.e2bDomain),
      state: 'paused',
      endAt: expiresAt,
    }
    await records.keepUntil(record.id, new Date(expiresAt))
    await paused.put(tenant, record.id, { fileId, detail, env: record.env, expiresAt })
    await endSandbox(needs, req, res, session)
    res.status(204).end()
  })
  return router
}

/** Starts the session of a paused sandbox anew, with its files. @throws Problem `unavailable` while another request does */
export async function resume(
  needs: E2bNeeds,
  req: Request,
  res: Response,
  { fileId, detail, env }: PausedSandbox,
  timeout: number,
): Promise<SandboxRecord> {
  const { config, records, paused, files } = needs
  const { tenant, keyId } = res.locals.caller
  const { sandboxID, templateID, metadata } = detail
  const id = sessionIdOf(sandboxID) ?? ''
  const again = () => {
    const headers = { 'Retry-After': String(AGAIN_SECONDS) }
    return new Problem('unavailable', `sandbox "${sandboxID}" is being resumed; try again`, { headers })
  }
  if (!(await needs.claimResume(id))) throw again()
  try {
    // Another request may have resumed it since it was read.
    if (!(await paused.get(tenant, id))) throw again()
    const { session: template, templateId } = await findTemplate(needs, templateID, res)
    const most = Math.floor(config.sessions.maxLifetimeMs / SECOND)
    const asked = { templateID, timeout: Math.min(timeout, most), metadata, envVars: { ...env } }
    const session = await startSession(needs, req, res, {
      ...sessionOfCreate(asked, config.sessions.maxLifetimeMs),
      ...template,
      from: fileId,
    })
    await records.become(id, session.id)
    await paused.remove(tenant, id)
    await files.remove(tenant, fileId)
    return await records.open(id, { templateId, keyId, env })
  } finally {
    await needs.endResume(id)
  }
}
