import { type ErrorRequestHandler, type RequestHandler, Router } from 'express'
import type { Core } from '../core.ts'
import { answerProblem } from '../http/answer-problem.ts'
import { CODAPI } from './codapi/codapi.ts'
import { createE2b } from './e2b/e2b.ts'
import type { E2bSources } from './e2b/e2b-needs.ts'
import { JOBE } from './jobe/jobe.ts'
import { JUPYTER } from './jupyter/jupyter.ts'
import { JUDGE0 } from './judge0/judge0.ts'
import { PISTON } from './piston/piston.ts'
import { SANDBOXFUSION } from './sandboxfusion/sandboxfusion.ts'
import { createSentFiles } from './system/sent-files.ts'
import { showKey, showPathToken, showToken } from './system/show-key.ts'
import type { CompatSystem, SystemNeeds } from './system/system.ts'

/** Those that are made of nothing but what all get. */
const SYSTEMS: readonly CompatSystem[] = [JUDGE0, PISTON, JOBE, SANDBOXFUSION, CODAPI, JUPYTER]

export interface CompatFeature {
  /** Before it is known who calls: where keys are shown, and what pages are told of what they may. */
  before: RequestHandler
  /** Finds out who calls, for systems whose clients are known by something else than a key; behind the check of other origins. */
  findCaller: RequestHandler
  /** Behind authentication and rate limit. */
  routes: RequestHandler
  /** Answers what is thrown under a path of a system to its clients, in their terms. */
  errors: readonly { path: string; answer: ErrorRequestHandler }[]
}

export interface CompatNeeds extends Omit<SystemNeeds, 'config' | 'sentFiles' | 'sessions'> {
  sessions: Omit<SystemNeeds['sessions'], 'redis' | 'keys'>
  access: E2bSources['access']
  files: E2bSources['files']
}

/** Protocols of other systems, each under a path of its own, served by jobs and sessions. */
export function createCompatFeature(core: Core, { sessions, access, files, ...needs }: CompatNeeds): CompatFeature {
  const { config, redis, bulk, keys, log } = core
  const systemNeeds = {
    ...needs,
    config,
    sessions: { ...sessions, redis, keys },
    sentFiles: createSentFiles(bulk, keys),
  }
  const before = Router()
  const findCaller = Router()
  const routes = Router()
  const errors: { path: string; answer: ErrorRequestHandler }[] = []
  const systems = [
    ...SYSTEMS,
    createE2b(core, { sessions: sessions.needs, mayUse: sessions.mayUse, access, files }),
  ].filter(({ name }) => config.compat.includes(name))
  for (const { byHostName } of systems) if (byHostName) before.use(byHostName)
  for (const system of systems) {
    const path = `/${system.name}`
    before.use(path, prepare(system, config.http.allowedOrigins))
    if (system.findCaller) findCaller.use(path, system.findCaller)
    routes.use(path, system.routes(systemNeeds))
    errors.push({ path, answer: answerProblem(redis, log, system.sendProblem) })
  }
  return { before, findCaller, routes, errors }
}

function prepare(
  { keyHeaders, token, tokenInPath, cors }: CompatSystem,
  allowedOrigins: readonly string[],
): RequestHandler {
  return (req, res, next) => {
    if (token) showToken(req, token)
    if (tokenInPath) showPathToken(req)
    showKey(req, keyHeaders)
    if (!cors) return next()
    const { origin } = req.headers
    res.vary('Origin')
    if (origin === undefined || !allowedOrigins.includes(origin.toLowerCase())) return next()
    res.set('Access-Control-Allow-Origin', origin)
    if (req.method !== 'OPTIONS') return next()
    res.set({
      'Access-Control-Allow-Methods': cors.methods,
      'Access-Control-Allow-Headers': cors.headers,
      'Access-Control-Max-Age': '3600',
    })
    res.status(204).end()
  }
}
