import type { Express, Request, RequestHandler } from 'express'
import type { GatewayMetrics } from './gateway-metrics.ts'

/** What is told of a request that met no route: an unknown path, a page, one that was turned away before. */
export const NO_ROUTE = 'none'
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

declare module 'express-serve-static-core' {
  interface Locals {
    /** The template of the path, e.g. `/v1/jobs/:id`, once the route is found. */
    route?: string
    /** Whether the response stays open on purpose. */
    isLongLived?: boolean
  }
}

/**
 * Notes the template of the route a request meets. Express tells it by setting `req.route` while `req.baseUrl` is where the
 * route's router is mounted, and by nothing afterwards.
 * @param routed is called with the request then
 */
export function noteRoutes(app: Express, routed: (req: Request, route: string) => void): void {
  const found = new WeakMap<Request, { path: unknown }>()
  Object.defineProperty(app.request, 'route', {
    configurable: true,
    get(this: Request) {
      return found.get(this)
    },
    set(this: Request, route: { path: unknown }) {
      found.set(this, route)
      routed(this, templateOf(this.baseUrl, route.path))
    },
  })
}

/** `/v1/jobs` and `/:id/artifacts/*path` make `/v1/jobs/:id/artifacts/:path`; of several paths one stands beside the other. */
function templateOf(mount: string, path: unknown): string {
  const whole = `${mount}${[path].flat().map(String).join('|')}`.replaceAll('/*', '/:').replaceAll(/[{}]/g, '')
  return whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole
}

/** Counts and times every request of an app, by the template of its route. */
export function requestMeter(app: Express, metrics: Pick<GatewayMetrics, 'routed' | 'answered'>): RequestHandler {
  noteRoutes(app, (req, route) => {
    const locals = req.res?.locals
    if (!locals) return
    metrics.routed(route, locals.route)
    // One that passes it on to the next has not answered it.
    locals.route = route
  })
  return (req, res, next) => {
    const begun = performance.now()
    const { method } = req
    res.once('close', () => {
      const { route, isLongLived } = res.locals
      const request = {
        method: METHODS.has(method) ? method : 'other',
        route: route ?? NO_ROUTE,
        status: res.headersSent || res.statusCode === 101 ? String(res.statusCode) : 'aborted',
        longLived: isLongLived ? 'yes' : 'no',
      } as const
      metrics.answered(request, performance.now() - begun, route !== undefined)
    })
    next()
  }
}
