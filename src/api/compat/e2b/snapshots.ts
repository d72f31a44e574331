import { type Request, type Response, Router } from 'express'
import Type from 'typebox'
import type { Language } from '../../../shared/language.ts'
import { SECOND } from '../../../shared/limits.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import type { StoredFile } from '../../../shared/files/stored-file.ts'
import { decodeCursor, encodeCursor } from '../../http/cursor.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { bodyValidator } from '../../http/validate.ts'
import { sessionOf } from '../../sessions/needs.ts'
import { invalidRequest } from '../../http/problems.ts'
import { Problem } from '../../../shared/problems.ts'
import { readBody } from '../system/read-body.ts'
import { isTemplate } from './create-request.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { isEnvironmentId } from './environment-templates.ts'
import { fileIdOfSnapshot, sandboxIdOf, snapshotIdOf } from './sandbox-ids.ts'
import { findSnapshot, newestFirst, type Snapshot } from './snapshot-records.ts'
import { findLiving, noSandbox } from './start-sandbox.ts'

const snapshotRequest = bodyValidator(
  Type.Object({
    name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$' })),
    memory: Type.Optional(Type.Boolean()),
  }),
)
/** What a snapshot may take. */
const SNAPSHOT_MS = 300 * SECOND
const PAGE = 100

/** Why what runs in a sandbox is not kept with its files. */
export const noMemory = (how: string) => ({
  code: 501,
  message: `what runs in a sandbox cannot be kept here, only its files: ${how}`,
})

/** Keeps the working folder of a session as a file. @throws Problem */
export async function keepFolder(
  { sessions }: Pick<E2bNeeds, 'sessions'>,
  res: Response,
  session: Session,
  name: string,
): Promise<StoredFile> {
  const signal = sessions.open.admit(res)
  const options = { waitMs: SNAPSHOT_MS, signal }
  const kept = sessions.calls.call(sessionOf(res, session.id), 'snapshot', { name }, options)
  return (await whileKeyHolds(signal, kept)).value
}

const view = ({ fileId, name }: Snapshot) => ({
  snapshotID: snapshotIdOf(fileId),
  names: name === null ? [] : [name],
})

/** The routes of snapshots: made of a sandbox, listed, deleted. Sandboxes are created of them as of any template. */
export function snapshotRoutes(needs: E2bNeeds): Router {
  const { config, mayUse, snapshots, files } = needs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)

  router.post('/sandboxes/:id/snapshots', mayUse, read, async (req, res) => {
    const { name, memory } = snapshotRequest(req.body)
    if (name !== undefined) checkName(name, needs.sessions.languages)
    const living = await findLiving(needs, String(req.params['id']), res)
    if (!living) throw noSandbox(String(req.params['id']))
    if (memory === true) return res.status(501).json(noMemory('leave the mode out, or ask for "filesystem"'))
    const { session, record } = living
    const sandboxId = sandboxIdOf(record?.id ?? session.id)
    const file = await keepFolder(needs, res, session, `${name ?? sandboxId}.tar`)
    const snapshot: Snapshot = {
      fileId: file.id,
      sandboxId,
      templateId: record?.templateId ?? session.language,
      name: name ?? null,
      expiresAt: file.expiresAt,
    }
    await snapshots.put(res.locals.caller.tenant, file.id, snapshot)
    res.status(201).json(view(snapshot))
  })

  router.get('/snapshots', mayUse, async (req, res) => {
    const all = await snapshots.all(res.locals.caller.tenant)
    // Their owner can delete the files by themselves.
    const there = await files.readAll([...all.keys()])
    const chosen = [...all.values()].filter(({ fileId }) => there.has(fileId)).filter(isAskedFor(req))
    const { page, next } = pageOfSnapshots(chosen, queried(req, 'nextToken'), queried(req, 'limit'))
    if (next !== undefined) res.set('X-Next-Token', next)
    res.json(page.map(view))
  })

  router.delete('/templates/:id', mayUse, async (req, res) => {
    const asked = String(req.params['id'])
    const { tenant } = res.locals.caller
    const found = await findSnapshot(snapshots, tenant, asked)
    if (!found) throw new Problem('not-found', `snapshot "${asked}" does not exist`)
    await snapshots.remove(tenant, found.fileId)
    await files.remove(tenant, found.fileId)
    res.status(204).end()
  })
  return router
}

/** No sandbox could be created of a snapshot by the name of another template. @throws Problem */
export function checkName(name: string, languages: readonly Language[]): void {
  if (!isTemplate(name, languages) && !isEnvironmentId(name) && fileIdOfSnapshot(name) === undefined) return
  const detail = `is "${name}", which is or may be another template: one of E2B's, a language, an environment's id or a snapshot's; choose another name`
  throw invalidRequest([{ pointer: '/name', detail }])
}

const queried = ({ query }: Request, name: string): string => (typeof query[name] === 'string' ? query[name] : '')

function isAskedFor(req: Request): (snapshot: Snapshot) => boolean {
  const [sandbox, name] = [queried(req, 'sandboxID'), queried(req, 'name')]
  return (one) => (sandbox === '' || one.sandboxId === sandbox) && (name === '' || one.name === name)
}

/** Newest first. @throws Problem for a token of another list */
export function pageOfSnapshots(
  all: readonly Snapshot[],
  token: string,
  limit: string,
): { page: Snapshot[]; next: string | undefined } {
  const after = token === '' ? undefined : decodeCursor(token)
  const rest = newestFirst(all).filter(({ fileId }) => after === undefined || fileId < after)
  const page = rest.slice(0, Math.min(PAGE, Math.max(1, Number(limit) || PAGE)))
  const end = page.at(-1)
  return { page, next: rest.length > page.length && end ? encodeCursor(end.fileId) : undefined }
}
