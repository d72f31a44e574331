import diagnostics from 'node:diagnostics_channel'
import type { Express } from 'express'

interface ListedRoute {
  path: string
  methods: string[] | undefined
  router: { listRoutes(): ListedRoute[] } | undefined
}

/** The app behind a gateway that listens in this process. */
export async function appBehind(url: string): Promise<Express> {
  let seen: { app?: Express } | undefined
  const see = (message: unknown) => {
    seen = (message as { request: { app?: Express } }).request
  }
  diagnostics.subscribe('http.server.request.start', see)
  try {
    await fetch(`${url}/healthz`)
  } finally {
    diagnostics.unsubscribe('http.server.request.start', see)
  }
  // Express gives itself to each request.
  if (seen?.app === undefined) throw new Error(`no gateway of this process listens at ${url}`)
  return seen.app
}

/** Method and path, as Express writes it, of every route an app has. */
export function routesOf(app: Express): [method: string, path: string][] {
  const walk = (router: ListedRoute['router'], base: string): [string, string][] =>
    (router?.listRoutes() ?? []).flatMap(({ path, methods, router: inner }) => {
      const whole = `${base}${path === '/' ? '' : path}`
      if (!methods) return walk(inner, whole)
      const own = methods.filter((method) => method !== '*' && method.toLowerCase() !== 'head')
      return own.map((method): [string, string] => [method.toLowerCase(), whole || '/'])
    })
  return walk(app.router as unknown as ListedRoute['router'], '')
}
