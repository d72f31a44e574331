import diagnostics from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { Express } from 'express'

interface ListedRoute {
  path: string
  methods: string[] | undefined
  router: { listRoutes(): ListedRoute[] } | undefined
}

/** The app behind a gateway that listens in this process. */
export async function appBehind(url: string): Promise<Express> {
  let server: Server | undefined
  const see = (message: unknown) => {
    server = (message as { server: Server }).server
  }
  diagnostics.subscribe('http.server.request.start', see)
  try {
    await fetch(`${url}/healthz`)
  } finally {
    diagnostics.unsubscribe('http.server.request.start', see)
  }
  const [app] = server?.listeners('request') ?? []
  if (app === undefined) throw new Error(`no gateway of this process listens at ${url}`)
  return app as unknown as Express
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
