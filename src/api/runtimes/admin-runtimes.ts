import { type Request, Router } from 'express'
import Type, { type Static } from 'typebox'
import { findLanguage } from '../../shared/language.ts'
import { Problem } from '../../shared/problems.ts'
import { Installation, type Installations } from '../../shared/redis/installations.ts'
import type { WorkerInfo } from '../../shared/redis/worker-registry.ts'
import { BEGINNING } from '../events/event-feed.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import { sendEvents } from '../http/sse.ts'
import type { RouteDeps } from '../routes/deps.ts'
import type { Audit } from '../access/audit.ts'

export type AdminRuntimesDeps = Pick<RouteDeps, 'languages' | 'overview' | 'feed' | 'open'> & {
  installations: Installations
}

export const AdminRuntime = Type.Object({
  language: Type.String(),
  name: Type.String(),
  default: Type.Boolean({ description: 'whether the set-up installs it without being asked' }),
  hosts: Type.Array(
    Type.Object({
      host: Type.String(),
      workers: Type.Integer(),
      version: Type.Union([Type.String(), Type.Null()], { description: '`null`: it is not installed there' }),
      installsOnRequest: Type.Boolean(),
    }),
  ),
  installation: Type.Union([Installation, Type.Null()], { description: 'the last one of a day' }),
})
export const AdminRuntimeList = Type.Object({ runtimes: Type.Array(AdminRuntime) })

/**
 * `/runtimes` and `/installations`: which languages each host of workers has, and having them installed. Which callers may is
 * decided before.
 */
export function adminRuntimeRoutes(deps: AdminRuntimesDeps, audit: Audit): Router {
  const { languages, overview, feed, open, installations } = deps
  const router = Router()

  router
    .route('/runtimes')
    .get(noQuery, async (_req, res) => {
      const { workers } = await overview()
      const last = new Map(
        (await installations.latest(languages.map(({ id }) => id))).map((one) => [one.language, one] as const),
      )
      const runtimes = languages.map((language) => ({
        language: language.id,
        name: language.name,
        default: language.default,
        hosts: hostsOf(workers).map(([host, there]) => ({
          host,
          workers: there.length,
          version: there.map(({ runtimes: { languages: versions } }) => versions[language.id]).find(Boolean) ?? null,
          installsOnRequest: there.some(({ installsOnRequest }) => installsOnRequest === true),
        })),
        installation: last.get(language.id) ?? null,
      }))
      const list: Static<typeof AdminRuntimeList> = { runtimes }
      res.set('Cache-Control', 'no-store').json(list)
    })
    .all(onlyMethods('GET'))

  router
    .route('/runtimes/:language/install')
    .post(noQuery, async (req: Request<{ language: string }>, res) => {
      const language = findLanguage(languages, req.params.language)
      if (!language) throw new Problem('not-found', 'there is no such language; GET /v1/admin/runtimes lists them')
      const { workers } = await overview()
      const hosts = hostsOf(workers.filter(({ installsOnRequest }) => installsOnRequest)).map(([host]) => host)
      if (hosts.length === 0) {
        throw new Problem('unavailable', 'no worker that is alive installs languages on request (INSTALL_ON_REQUEST)')
      }
      const { installation, isNew } = await installations.request(language.id, hosts)
      if (isNew) audit(req, 'runtime-install', `${language.name} is to be installed on ${hosts.join(', ')}`)
      res.status(202).set('Cache-Control', 'no-store').json(installation)
    })
    .all(onlyMethods('POST'))

  router
    .route('/installations/:id')
    .get(noQuery, async (req: Request<{ id: string }>, res) => {
      res.set('Cache-Control', 'no-store').json(await readOne(installations, req.params.id))
    })
    .all(onlyMethods('GET'))

  router
    .route('/installations/:id/events')
    .get(noQuery, async (req: Request<{ id: string }>, res) => {
      const { id } = await readOne(installations, req.params.id)
      const after = req.get('last-event-id') || BEGINNING
      if (!/^\d{1,15}-\d{1,15}$/.test(after) || !(await feed.known(id, after))) {
        throw new Problem('invalid-header', 'Last-Event-ID must be the id of an event of this installation')
      }
      if ((await feed.rest(id, after)) === 'read' && (await readOne(installations, id)).over) {
        return void res.status(204).end()
      }
      if (req.method === 'HEAD') return void res.type('text/event-stream').end()
      const signal = open.hold(res)
      await sendEvents(res, feed.read(id, after, signal), signal)
    })
    .all(onlyMethods('GET'))

  return router
}

async function readOne(installations: Pick<Installations, 'read'>, id: string) {
  const found = await installations.read(id.toLowerCase())
  if (!found) throw new Problem('not-found', 'there is no such installation, or it was too long ago')
  return found
}

/** Workers by their host, in the order of its name. */
function hostsOf(workers: readonly WorkerInfo[]): [host: string, workers: WorkerInfo[]][] {
  const hosts = new Map<string, WorkerInfo[]>()
  for (const worker of workers) hosts.set(worker.host, [...(hosts.get(worker.host) ?? []), worker])
  return [...hosts].sort(([a], [b]) => (a < b ? -1 : 1))
}
