import { Router } from 'express'
import { effectiveLimits, lowerOf } from '../../shared/limits.ts'
import type { Runtime } from '../../shared/runtime.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import type { RouteDeps } from '../routes/deps.ts'

/** The languages, in the shape of `GET /v1/runtimes` and in that of `GET /api/repl/languages`. */
export function runtimeRoutes(deps: RouteDeps, member: 'runtimes' | 'languages'): Router {
  const { languages, overview, config } = deps
  const router = Router()
  router
    .route('/')
    .get(noQuery, async (_req, res) => {
      const ceilings = lowerOf(config.limits.ceilings, res.locals.caller.ceilings)
      const versions = (await overview()).runtimes?.languages ?? {}
      const list = languages.map((language): Runtime => ({
        language: language.id,
        name: language.name,
        version: versions[language.id] ?? null,
        aliases: language.aliases,
        fileName: language.fileName,
        compiled: language.compile !== undefined,
        installed: versions[language.id] !== undefined,
        limits: effectiveLimits({}, language.limits, config.limits.defaults, ceilings),
        ceilings,
        packages: language.packages ?? [],
        hello: language.hello.code,
      }))
      res.json({ [member]: list })
    })
    .all(onlyMethods('GET'))
  return router
}
