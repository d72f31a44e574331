import { type Request, type Response, Router } from 'express'
import Type from 'typebox'
import { SECOND } from '../../../shared/limits.ts'
import { bodyValidator } from '../../http/validate.ts'
import { readBody } from '../system/read-body.ts'
import { sessionOfCreate } from './create-request.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { sandboxIdOf, sessionIdOf } from './sandbox-ids.ts'
import { notNow } from './sandbox-locks.ts'
import type { SandboxRecord } from './sandbox-records.ts'
import { sandboxDetail, type SandboxDetail } from './sandbox-view.ts'
import { keepFolder, noMemory } from './snapshots.ts'
import { endSandbox, findLiving, findSession, findTemplate, noSandbox, startSession } from './start-sandbox.ts'

/** A sandbox whose session has ended and whose files are kept, until it is resumed. */
export interface PausedSandbox {
  fileId: string
  detail: SandboxDetail
  /** Variables that it was created with. */
  env: Readonly<Record<string, string>>
  expiresAt: string
}

const pauseRequest = bodyValidator(Type.Object({ memory: Type.Optional(Type.Boolean()) }))

/** The caller's paused sandbox of this id in a path. */
export async function findPaused(
  { paused }: Pick<E2bNeeds, 'paused'>,
  sandboxId: string,
  res: Response,
): Promise<PausedSandbox | undefined> {
  const id = sessionIdOf(sandboxId)
  return id === undefined ? undefined : paused.get(res.locals.caller.tenant, id)
}

/**
 * The route that ends a sandbox and keeps its files. From its record on it is paused, whatever becomes of its session: the end of that may
 * need longer than is waited for, or be missed, and the files are the only copy from then on.
 */
export function pauseRoute(needs: E2bNeeds): Router {
  const { config, mayUse, records, paused, locks, log } = needs
  const router = Router()
  router.post('/sandboxes/:id/pause', mayUse, readBody(config.http.maxBodyBytes), async (req, res) => {
    const { memory } = pauseRequest(req.body)
    const sandboxId = String(req.params['id'])
    /** @returns undefined when it is answered */
    const pausable = async () => {
      const living = await findLiving(needs, sandboxId, res)
      if (living && memory === false) return living
      if (living) res.status(501).json(noMemory('pause it with keepMemory: false, or in Python with mode="filesystem"'))
      else if (await findPaused(needs, sandboxId, res))
        res.status(409).json({ code: 409, message: `sandbox "${sandboxId}" is paused already` })
      else throw noSandbox(sandboxId)
      return undefined
    }
    const found = await pausable()
    if (!found) return
    await locks.during(found.record?.id ?? found.session.id, 'paused', async () => {
      // Another request may have paused it since it was found.
      const living = await pausable()
      if (!living) return
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
      await endSandbox(needs, req, res, session).catch((error: unknown) => {
        // What is left of it is ended when the sandbox is resumed or killed, or at its timeout.
        log.warn({ err: error, session: session.id }, 'the session of a paused sandbox was not ended')
      })
      res.status(204).end()
    })
  })
  return router
}

/**
 * Starts the session of a paused sandbox anew, with its files, which are kept until it runs.
 * @throws Problem `unavailable` while another request does, or when it does not start in time
 */
export async function resume(
  needs: E2bNeeds,
  req: Request,
  res: Response,
  { fileId, detail, env }: PausedSandbox,
  timeout: number,
): Promise<SandboxRecord> {
  const { config, records, paused, files, locks, log } = needs
  const { tenant, keyId } = res.locals.caller
  const { sandboxID, templateID, metadata } = detail
  const id = sessionIdOf(sandboxID) ?? ''
  return locks.during(id, 'resumed', async () => {
    // Another request may have resumed it since it was read.
    if (!(await paused.get(tenant, id))) throw notNow(sandboxID, 'was resumed meanwhile')
    const left = await findSession(needs, sandboxID, res)
    if (left) await endSandbox(needs, req, res, left.session)
    const { session: template, templateId } = await findTemplate(needs, templateID, res)
    const most = Math.floor(config.sessions.maxLifetimeMs / SECOND)
    const asked = { templateID, timeout: Math.min(timeout, most), metadata, envVars: { ...env } }
    const session = await startSession(needs, req, res, {
      ...sessionOfCreate(asked, config.sessions.maxLifetimeMs),
      ...template,
      from: fileId,
    })
    if (session.state !== 'running') {
      // It may yet fail to start.
      await endSandbox(needs, req, res, session).catch((error: unknown) => {
        log.warn({ err: error, session: session.id }, 'a session that did not start was not ended')
      })
      throw notNow(sandboxID, 'did not start in time')
    }
    await records.become(id, session.id)
    await paused.remove(tenant, id)
    await files.remove(tenant, fileId)
    return records.open(id, { templateId, keyId, env })
  })
}
