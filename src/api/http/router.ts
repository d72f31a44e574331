import type { Express, Request, RequestHandler, Response } from 'express'
import Type from 'typebox'
import type { Scope } from '../../shared/access/api-key.ts'
import { MIB } from '../../shared/units.ts'
import { onlyMethods } from './answer-problem.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import { jsonBody } from './body.ts'
import { type Received, readBulkBody } from './bulk-body.ts'
import { queryOf } from './query.ts'
import { requestIdOf } from './request-log.ts'
import { type BodyBounds, type BoundRoute, noBulk, type RouteBody, type RouteRequest } from './route.ts'
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
  const arrivals = createArrivals(roomFor(routes, options.bounds))
  const paths = new Map<string, BoundRoute[]>()
  for (const route of routes) paths.set(route.path, [...(paths.get(route.path) ?? []), route])
  for (const [path, own] of paths) {
    const there = app.route(path)
    for (const route of own) there[route.method](...access([route], options), answerWith(route, options, arrivals))
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
function answerWith(route: BoundRoute, { bounds }: RouterOptions, arrivals: Arrivals): RequestHandler {
  const { body, cache } = route
  const readQuery = queryOf(route.query ?? NO_QUERY)
  const readBody = body && readerOf(body, bounds, arrivals)
  const checkBody = body && body.checkedBy !== 'handler' ? bodyValidator(body.schema) : undefined
  return async (req, res) => {
    const query = readQuery(req)
    const received = await readBody?.(req, res)
    try {
      const request: RouteRequest = {
        req,
        res,
        caller: res.locals.caller,
        requestId: requestIdOf(req),
        params: paramsOf(req),
        query,
        body: checkBody ? checkBody(req.body) : (req.body as unknown),
        takeBulk: received?.take ?? noBulk,
        send(status, ...answer: readonly unknown[]) {
          if (cache !== undefined) res.set('Cache-Control', cache)
          res.status(status)
          if (answer.length === 0) res.end()
          else res.json(answer[0])
        },
      }
      await route.handle(request)
    } finally {
      received?.leave()
    }
  }
}

type ReadBody = (req: Request, res: Response) => Promise<Received | undefined>

function readerOf(body: RouteBody, bounds: BodyBounds, arrivals: Arrivals): ReadBody {
  const { bulk: member, maxBytes } = body
  const most = mostOf(body, bounds)
  const because = typeof maxBytes === 'object' ? { because: maxBytes.because(bounds) } : {}
  if (member !== undefined)
    return (req, res) => readBulkBody(req, res, { member, maxBytes: most, arrivals, ...because })
  const read = jsonBody(most, because)
  return async (req, res) => {
    await done(read, req, res)
    return undefined
  }
}

const mostOf = ({ maxBytes }: RouteBody, bounds: BodyBounds): number =>
  typeof maxBytes === 'object' ? maxBytes.bytes(bounds) : (maxBytes ?? bounds.maxBodyBytes)

/** Of the bodies with a bulk that arrive at one time, in bytes; of the longest there are, it is room for two. */
const LEAST_ROOM = 128 * MIB

const roomFor = (routes: readonly BoundRoute[], bounds: BodyBounds): number =>
  Math.max(LEAST_ROOM, ...routes.map(({ body }) => (body?.bulk === undefined ? 0 : 2 * mostOf(body, bounds))))

const done = (handler: RequestHandler, req: Request, res: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    void handler(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error as Error)))
  })

/** Those that go over slashes come from Express as a list. */
const paramsOf = ({ params }: Request): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value].flat().join('/')]))
