import { Router } from 'express'
import { SECOND } from '../../../shared/limits.ts'
import { Problem, PROBLEMS } from '../../../shared/problems.ts'
import { knownRuntimes } from '../../load/check-workers.ts'
import { membersOf, readBody } from '../system/read-body.ts'
import type { CompatSystem, SystemNeeds } from '../system/system.ts'
import { createChannels } from './channels.ts'
import { contentsRoutes } from './contents.ts'
import { kernelSpecs } from './kernel-specs.ts'
import { createJupyterRecords } from './jupyter-records.ts'
import { createKernelInfos } from './kernel-infos.ts'
import { createKernelCalls, type KernelCalls } from './kernels.ts'
import { notebookRoutes } from './notebooks.ts'

/** The server whose routes are served; clients look at what is before the first dot. */
const SERVER_VERSION = '2.21.1'

/** Jupyter's server and kernel gateway: docs/compatibility/jupyter.md. */
export const JUPYTER: CompatSystem = {
  name: 'jupyter',
  keyHeaders: [],
  token: { scheme: 'token', query: 'token' },
  cors: {
    methods: 'GET, PUT, POST, PATCH, DELETE, OPTIONS',
    headers: 'accept, content-type, authorization, x-xsrftoken',
  },
  routes,
  sendProblem(res, { code, status, message, errors, headers }) {
    const detail = errors?.map(({ pointer, detail: of }) => `${pointer.slice(1) || 'the body'} ${of}`).join('; ')
    const isInvalid = code === 'invalid-request' || code === 'invalid-json'
    // Its clients ask for a token at 403, and take 404 for an ended kernel.
    const answer = code === 'unauthenticated' ? 403 : isInvalid ? 400 : status === 410 ? 404 : status
    res
      .status(answer)
      .set(headers)
      .json({ message: (isInvalid && detail) || message, reason: PROBLEMS[code].title })
  },
}

function routes(needs: SystemNeeds): Router {
  const { config, languages, sessions, open, upgrades, overview } = needs
  const records = createJupyterRecords(sessions.redis, sessions.keys, config.sessions.maxLifetimeMs / SECOND)
  const infos = createKernelInfos(needs, records)
  const kernels = createKernelCalls(needs, infos)
  const channels = createChannels(needs, records, kernels, infos)
  const router = Router()
  const startedAt = new Date().toISOString()

  router.get('/api', (_req, res) => void res.json({ version: SERVER_VERSION }))
  router.use(sessions.mayUse)
  router.get('/api/status', async (_req, res) => {
    const models = await kernels.list(res)
    const last = models.map(({ last_activity: at }) => at).toSorted()
    res.json({
      started: startedAt,
      last_activity: last.at(-1) ?? startedAt,
      kernels: models.length,
      connections: models.reduce((sum, { connections }) => sum + connections, 0),
    })
  })
  router.get('/api/me', (_req, res) => {
    const { tenant } = res.locals.caller
    const name = { username: tenant, name: tenant, display_name: tenant, initials: null, avatar_url: null, color: null }
    res.json({ identity: name, permissions: {} })
  })
  router.get('/api/kernelspecs', async (_req, res) => {
    res.json(kernelSpecs(languages, knownRuntimes(await overview())))
  })
  router.get('/api/kernelspecs/:name', async (req, res) => {
    const { kernelspecs } = kernelSpecs(languages, knownRuntimes(await overview()))
    const { name } = req.params
    if (!Object.hasOwn(kernelspecs, name)) throw new Problem('not-found', `no kernel is named "${name}"`)
    res.json(kernelspecs[name])
  })
  router.use('/api/kernels', kernelRoutes(needs, kernels))
  router.use('/api/sessions', notebookRoutes(needs, records, kernels))
  router.use('/api/contents', contentsRoutes(needs))
  router.get('/api/kernels/:id/channels', async (req, res) => {
    if (!upgrades.asksFor(req)) {
      throw new Problem('upgrade-required', 'this is a WebSocket; connect with ws: or wss:', {
        headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
      })
    }
    const session = await kernels.session(res, req.params.id)
    const ends = open.admit(res)
    await channels.serve(req, res, session, ends)
  })
  router.use((req) => {
    throw new Problem('not-found', `${req.path} is not a path of this service`)
  })
  return router
}

function kernelRoutes({ config }: SystemNeeds, kernels: KernelCalls): Router {
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  router.get('/', async (_req, res) => void res.json(await kernels.list(res)))
  router.post('/', read, async (req, res) => {
    const { name, env } = membersOf(req.body)
    const model = await kernels.start(res, { name, env })
    res.status(201).location(`${req.baseUrl}/${model.id}`).json(model)
  })
  router.get('/:id', async (req, res) => void res.json(await kernels.model(res, req.params.id)))
  router.delete('/:id', async (req, res) => {
    await kernels.end(res, req.params.id)
    res.status(204).end()
  })
  router.post('/:id/interrupt', async (req, res) => {
    await kernels.interrupt(res, req.params.id)
    res.status(204).end()
  })
  router.post('/:id/restart', async (req, res) => {
    await kernels.restart(res, req.params.id)
    res.json(await kernels.model(res, req.params.id))
  })
  return router
}
