import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type RequestHandler, Router } from 'express'
import Type from 'typebox'
import type { Config } from '../../shared/config/config.ts'
import { ownVersion } from '../../shared/package-root.ts'
import { Problem } from '../../shared/problems.ts'
import type { Core } from '../core.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { type BoundRoute, bindRoutes, defineRoute } from '../http/route.ts'
import { serveStatic, type StaticFile } from '../http/static-file.ts'
import { DOCS_CSP, DOCS_PAGE, DOCS_STYLE, DOCS_THEME, docsScript } from './docs-page.ts'

const require = createRequire(import.meta.url)

/** What the page needs of Swagger UI's package. */
const SWAGGER_FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

export const DOCUMENTATION_ROUTES = [
  defineRoute({
    method: 'get',
    path: '/openapi.json',
    id: 'openapi',
    tag: 'Service',
    summary: 'Read the OpenAPI document',
    description: 'OpenAPI 3.1. `/docs` shows it.',
    scopes: 'open',
    headers: ['If-None-Match'],
    answers: {
      200: {
        description: 'The document.',
        schema: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
        headers: ['ETag'],
      },
      304: { description: 'Your copy is current.', headers: ['ETag'] },
    },
    handle: ({ serveDocument }: { serveDocument: RequestHandler }, { req, res }) =>
      serveDocument(req, res, () => undefined),
  }),
]

export interface DocumentationFeature {
  routes: BoundRoute[]
  /** `/docs`, by Swagger UI, which is served from here like all it needs. */
  pages: Router
}

/**
 * `/openapi.json`: the API as OpenAPI. `/docs`: the same for people. Both are open to everybody: they tell nothing of this
 * installation but whether it asks for keys.
 * @param describe makes the document. It is called once, when the document is first asked for: most gateways never are
 */
export function createDocumentationFeature(
  { config }: Core,
  { describe }: { describe: (version: string) => Promise<object> },
): DocumentationFeature {
  const serveDocument = serveStatic(async () => {
    const document = await describe(ownVersion())
    return { type: 'application/json', content: Buffer.from(JSON.stringify(document)) }
  })
  return { routes: bindRoutes({ serveDocument }, DOCUMENTATION_ROUTES), pages: docsPages(config.auth) }
}

function docsPages(auth: Config['auth']): Router {
  const router = Router()
  const text = (type: string, content: string) =>
    serveStatic((): StaticFile => ({ type: `${type}; charset=utf-8`, content: Buffer.from(content) }))

  const files = new Map<string, RequestHandler>([
    ['docs.css', text('text/css', DOCS_STYLE)],
    ['theme.js', text('text/javascript', DOCS_THEME)],
    ['initializer.js', text('text/javascript', docsScript(auth))],
  ])
  for (const [name, type] of Object.entries(SWAGGER_FILES)) {
    files.set(
      name,
      serveStatic(async () => ({ type, content: await readFile(join(swaggerFolder(), name)) })),
    )
  }

  router.route('/docs').get(ownPolicy, text('text/html', DOCS_PAGE)).all(onlyMethods('GET'))
  router
    .route('/docs/:file')
    .get((req, res, next) => {
      const serve = files.get(String(req.params['file']))
      if (!serve) throw new Problem('not-found', `${req.path} is not a path of this service`)
      return serve(req, res, next)
    })
    .all(onlyMethods('GET'))
  return router
}

const swaggerFolder = () => dirname(require.resolve('swagger-ui-dist/package.json'))

const ownPolicy: RequestHandler = (_req, res, next) => {
  res.set('Content-Security-Policy', DOCS_CSP)
  next()
}
