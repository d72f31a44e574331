import { Router } from 'express'
import { Problem } from '../../../shared/problems.ts'
import { readBody } from '../system/read-body.ts'
import type { CompatSystem, SystemNeeds } from '../system/system.ts'
import { configInfo } from './config-info.ts'
import { judge0Languages } from './languages.ts'
import { sendJudge0Problem } from './judge0-problem.ts'
import { JUDGE0_STATUSES } from './statuses.ts'
import { submissionHandlers } from './submissions.ts'

/** What clients look for to know what they speak to. */
const VERSION = '1.13.1'

/** Judge0 CE 1.13.1: docs/compatibility/judge0.md. */
export const JUDGE0: CompatSystem = {
  name: 'judge0',
  keyHeaders: ['x-auth-token', 'x-auth-user'],
  routes,
  sendProblem: sendJudge0Problem,
}

function routes(needs: SystemNeeds): Router {
  const { config, languages, overview } = needs
  const { mayUse } = needs.jobs
  const router = Router()
  const submissions = submissionHandlers(needs)
  const read = readBody(config.http.maxBodyBytes)
  const known = async () => judge0Languages(languages, (await overview()).runtimes)

  router.post('/submissions', mayUse, read, submissions.create)
  router.get('/submissions', mayUse, submissions.list)
  router.post('/submissions/batch', mayUse, read, submissions.createBatch)
  router.get('/submissions/batch', mayUse, submissions.readBatch)
  router.get('/submissions/:token', mayUse, submissions.read)
  router.delete(
    '/submissions/:token',
    mayUse,
    (_req, res) => void res.status(400).json({ error: 'delete not allowed' }),
  )

  router.get(['/languages', '/languages/all'], async (req, res) => {
    const whole = req.path.includes('all')
    res.json((await known()).map(({ id, name, is_archived }) => (whole ? { id, name, is_archived } : { id, name })))
  })
  router.get('/languages/:id', async (req, res) => {
    const language = (await known()).find(({ id }) => String(id) === req.params.id)
    if (!language) throw new Problem('not-found', `language with id ${req.params.id} doesn't exist`)
    res.json(language)
  })
  router.get('/statuses', (_req, res) => void res.json(JUDGE0_STATUSES))
  router.get('/config_info', (_req, res) => void res.json(configInfo(config, submissions.bounds(res))))
  router.get('/about', (_req, res) => {
    res.json({ version: VERSION, homepage: '/docs', source_code: '/docs', maintainer: 'Runyard' })
  })
  router.get('/version', (_req, res) => void res.type('text').send(VERSION))
  router.get('/isolate', (_req, res) => void res.type('text').send('Runyard sandboxes'))
  router.get('/system_info', (_req, res) => void res.json({ Architecture: process.arch }))
  router.get('/workers', async (_req, res) => {
    const { workers } = await overview()
    const size = workers.reduce((sum, { slots }) => sum + slots, 0)
    const working = workers.reduce((sum, { load }) => sum + (load?.jobs ?? 0), 0)
    res.json([
      { queue: 'default', size, available: size, idle: Math.max(0, size - working), working, paused: 0, failed: 0 },
    ])
  })
  // Whoever came this far has shown a valid key, or needs none.
  router.post('/authenticate', (_req, res) => void res.status(200).end())
  router.post('/authorize', mayUse, (_req, res) => void res.status(200).end())
  router.use((req) => {
    throw new Problem('not-found', `${req.path} is not a path of this service`)
  })
  return router
}
