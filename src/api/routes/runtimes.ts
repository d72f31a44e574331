import { Router } from 'express'
import Type, { type Static } from 'typebox'
import { effectiveLimits, Limits, lowerOf } from '../../shared/limits.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import type { RouteDeps } from './deps.ts'

export const Runtime = Type.Object({
  language: Type.String({ description: 'its id' }),
  name: Type.String(),
  version: Type.Union([Type.String(), Type.Null()], { description: '`null` when it is not installed' }),
  aliases: Type.Array(Type.String()),
  fileName: Type.String({ description: 'the name that `code` gets' }),
  compiled: Type.Boolean(),
  installed: Type.Boolean(),
  /** What a job gets that asks for none. */
  limits: Limits,
  /** The most the caller may ask for. */
  ceilings: Limits,
  packages: Type.Array(Type.String(), { description: 'what `dependencies` may name' }),
  hello: Type.String({ description: 'a program that prints `Hello, world!`' }),
})
export type Runtime = Static<typeof Runtime>

/** The languages, in the shape of `GET /v1/runtimes` and in that of `GET /api/repl/languages`. */
export function runtimeRoutes(deps: RouteDeps, member: 'runtimes' | 'languages'): Router {
  const { languages, overview, config } = deps
  const router = Router()
  router
    .route('/')
    .get(async (_req, res) => {
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
