import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type RequestHandler, Router } from 'express'
import type { Config } from '../../shared/config/config.ts'
import { packageRoot } from '../../shared/package-root.ts'
import { Problem } from '../../shared/problems.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import { serveStatic, type StaticFile } from '../http/static-file.ts'
import { DOCS_CSP, DOCS_PAGE, DOCS_STYLE, DOCS_THEME, docsScript } from './docs-page.ts'

const require = createRequire(import.meta.url)

/** What the page needs of Swagger UI's package. */
const SWAGGER_FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

/**
 * `/openapi.json`: the API as OpenAPI. `/docs`: the same for people, by Swagger UI, which is served from here like all it needs.
 * Both are open to everybody: they tell nothing of this installation but whether it asks for keys.
 */
export function documentationRoutes(auth: Config['auth']): Router {
  const router = Router()
  const get = (path: string, ...handlers: RequestHandler[]) => {
    router
      .route(path)
      .get(...handlers)
      .all(onlyMethods('GET'))
  }
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

  get(
    '/openapi.json',
    noQuery,
    serveStatic(async () => {
      // Most gateways are never asked, and its schemas and examples take memory.
      const { createDocument } = await import('../document.ts')
      return { type: 'application/json', content: Buffer.from(JSON.stringify(createDocument(ownVersion()))) }
    }),
  )
  get('/docs', ownPolicy, text('text/html', DOCS_PAGE))
  get('/docs/:file', (req, res, next) => {
    const serve = files.get(String(req.params['file']))
    if (!serve) throw new Problem('not-found', `${req.path} is not a path of this service`)
    return serve(req, res, next)
  })
  return router
}

const ownVersion = (): string =>
  (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version

const swaggerFolder = () => dirname(require.resolve('swagger-ui-dist/package.json'))

const ownPolicy: RequestHandler = (_req, res, next) => {
  res.set('Content-Security-Policy', DOCS_CSP)
  next()
}
