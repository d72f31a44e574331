import { type Request, type Response, Router } from 'express'
import { Problem } from '../../../shared/problems.ts'
import { ceilingsFor } from '../system/held-limits.ts'
import { membersOf, readBody, shown } from '../system/read-body.ts'
import { makeJob, runToEnd } from '../system/run-job.ts'
import type { CompatSystem, SystemNeeds } from '../system/system.ts'
import { serveConnect } from './connect.ts'
import { PistonFault, readExecution } from './execute-request.ts'
import { findRuntime, pistonRuntimes } from './piston-runtimes.ts'
import { executeResult } from './stage-result.ts'

const BANNER = { message: 'Piston v3.1.1' }

/** Piston's API v2: docs/compatibility/piston.md. */
export const PISTON: CompatSystem = {
  name: 'piston',
  keyHeaders: [],
  routes,
  sendProblem(res, problem) {
    const { code, status, message, errors, headers } = problem
    const detail = errors?.map(({ pointer, detail: of }) => `${pointer.slice(1) || 'the body'} ${of}`).join('; ')
    const isInvalid = code === 'invalid-request' || code === 'invalid-json'
    res
      .status(isInvalid ? 400 : status)
      .set(headers)
      .json({ message: (isInvalid && detail) || message })
  },
}

function routes(needs: SystemNeeds): Router {
  const router = Router()
  const api = apiRoutes(needs)
  router.get(['/', '/api/v2/piston', '/api/v2'], (_req, res) => void res.json(BANNER))
  router.use('/api/v2/piston', api)
  router.use('/api/v2', api)
  router.use(() => {
    throw new Problem('not-found', 'Not Found')
  })
  return router
}

function apiRoutes(needs: SystemNeeds): Router {
  const { config, languages, overview, open, upgrades } = needs
  const { mayUse } = needs.jobs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  const runtimes = async () => (await overview()).runtimes

  router.get('/runtimes', async (_req, res) => void res.json(pistonRuntimes(languages, await runtimes())))
  router.get('/packages', async (_req, res) => {
    const all = pistonRuntimes(languages, await runtimes())
    res.json(all.map(({ language, version }) => ({ language, language_version: version, installed: true })))
  })
  const change = async (req: Request, res: Response) => {
    const { language = '', version = '' } = membersOf(req.body)
    const [name, selector] = [shown(language), shown(version)]
    const found = findRuntime(languages, await runtimes(), name, selector)
    if (!found) throw new Problem('not-found', `Requested package ${name}-${selector} does not exist`)
    if (req.method === 'POST') return res.json({ language: found.language, version: found.version })
    res.status(403).json({ message: 'languages are removed by the operator: npx runyard languages remove' })
  }
  router.post('/packages', mayUse, read, change)
  router.delete('/packages', mayUse, read, change)

  router.post('/execute', mayUse, read, async (req, res) => {
    const limits = { defaults: config.limits.defaults, ceilings: ceilingsFor(config, res) }
    try {
      const execution = readExecution(membersOf(req.body), languages, await runtimes(), limits)
      const job = await runToEnd(needs, res, await makeJob(needs, res, execution.request))
      res.json(executeResult(job, execution))
    } catch (error) {
      if (!(error instanceof PistonFault)) throw error
      res.status(400).json({ message: error.message })
    }
  })

  router.get('/connect', mayUse, async (req, res) => {
    if (!upgrades.asksFor(req)) {
      throw new Problem('upgrade-required', 'this is a WebSocket; connect with ws: or wss:', {
        headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
      })
    }
    const ends = open.admit(res)
    await serveConnect(needs, res, await upgrades.accept(req, config.http.maxBodyBytes), ends)
  })
  return router
}
