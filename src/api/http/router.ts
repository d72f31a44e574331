import type { Express, Request, RequestHandler, Response } from 'express'
import Type from 'typebox'
import type { Scope } from '../../shared/access/api-key.ts'
import { onlyMethods } from './answer-problem.ts'
import { jsonBody } from './body.ts'
import { queryOf } from './query.ts'
import { requestIdOf } from './request-log.ts'
import type { BodyBounds, BoundRoute, RouteBody, RouteRequest } from './route.ts'
import { bodyValidator } from './validate.ts'

export interface RouterOptions {
  /** Lets through callers that have one of these scopes. @param path of the route, for the record of a refusal */
  allow: (scopes: readonly Scope[], path: string) => RequestHandler
  bounds: BodyBounds
}

/** In the order in which they are told. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const NO_QUERY = Type.Object({}, { additionalProperties: false })

/** Gives an app its routes, in their order. A path that has routes answers 405 to every method that none of them has. */
export function mountRoutes(app: Express, routes: readonly BoundRoute[], options: RouterOptions): void {
  const paths = new Map<string, BoundRoute[]>()
  for (const route of routes) paths.set(route.path, [...(paths.get(route.path) ?? []), route])
  for (const [path, own] of paths) {
    const there = app.route(path)
    for (const route of own) there[route.method](...access([route], options), answerWith(route, options))
    const methods = METHODS.filter((method) => own.some((route) => route.method === method.toLowerCase()))
    there.all(...access(own, options), onlyMethods(...methods))
  }
}

/** @returns what looks at the scopes of a caller, for one of these routes; nothing where one is open to all */
function access(routes: readonly BoundRoute[], { allow }: RouterOptions): RequestHandler[] {
  const scopes = routes.map((route) => (route.scopes === 'open' ? [] : route.scopes))
  if (scopes.some((those) => those.length === 0)) return []
  return [allow([...new Set(scopes.flat())], routes[0]?.path ?? '')]
}

/** The order: query, body, its schema, handler. */
function answerWith(route: BoundRoute, { bounds }: RouterOptions): RequestHandler {
  const { body, cache } = route
  const readQuery = queryOf(route.query ?? NO_QUERY)
  const readBody = body && readerOf(body, bounds)
  const checkBody = body && body.checkedBy !== 'handler' ? bodyValidator(body.schema) : undefined
  return async (req, res) => {
    const query = readQuery(req)
    if (readBody) await done(readBody, req, res)
    const request: RouteRequest = {
      req,
      res,
      caller: res.locals.caller,
      requestId: requestIdOf(req),
      params: paramsOf(req),
      query,
      body: checkBody ? checkBody(req.body) : (req.body as unknown),
      send(status, ...answer: readonly unknown[]) {
        if (cache !== undefined) res.set('Cache-Control', cache)
        res.status(status)
        if (answer.length === 0) res.end()
        else res.json(answer[0])
      },
    }
    await route.handle(request)
  }
}

function readerOf({ maxBytes }: RouteBody, bounds: BodyBounds): RequestHandler {
  if (maxBytes === undefined) return jsonBody(bounds.maxBodyBytes)
  return typeof maxBytes === 'number'
    ? jsonBody(maxBytes)
    : jsonBody(maxBytes.bytes(bounds), { because: maxBytes.because(bounds) })
}

const done = (handler: RequestHandler, req: Request, res: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    void handler(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error as Error)))
  })

/** Those that go over slashes come from Express as a list. */
const paramsOf = ({ params }: Request): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value].flat().join('/')]))
