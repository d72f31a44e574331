import { randomBytes } from 'node:crypto'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { Problem } from '../../shared/problems.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { type BuiltPages, loadPages, type PageAsset } from './load-pages.ts'
import { frameHeaders, NOTEBOOK_RULES, pageHeaders } from './page-headers.ts'
import type { Core } from '../core.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'
/** Its name stays when it changes. */
const SHORTLY = 'public, max-age=300'

export interface PagesFeature {
  /** Undefined when they were not built. */
  pages: Router | undefined
  /** What pages of other origins load; before those are refused. */
  embedded: RequestHandler
  /** `/` for what is no browser: the addresses of some routes. */
  welcome: RequestHandler
}

export function createPagesFeature({ root, log }: Core): PagesFeature {
  const built = loadPages(`${root}/dist/pages`)
  if (!built) log.warn('the pages were not built: npm run build')
  return {
    pages: built && pageRouter(built),
    embedded: built ? embeddedScript(built) : (_req, _res, next) => next(),
    welcome,
  }
}

const welcome: RequestHandler = (_req, res) => {
  res.json({
    name: 'Runyard',
    submit: '/v1/jobs',
    runtimes: '/v1/runtimes',
    docs: '/docs',
    openapi: '/openapi.json',
    health: '/healthz',
    ready: '/readyz',
  })
}

/**
 * The pages, and what they are made of. They hold no secret, so they need no key, and come out of memory, so they are
 * answered before anything is asked of Redis, the rate limit too. What a page then wants to know it asks of the API.
 */
function pageRouter({ html, assets }: BuiltPages): Router {
  const router = Router()
  // Of every method, since Express answers OPTIONS by itself where there is one for GET alone.
  router.all('/', (req, res, next) => {
    if (!isRead(req)) return next()
    // What is no browser gets the addresses, as it always did.
    res.vary('Accept')
    if (req.accepts(['json', 'html']) !== 'html') return next()
    sendPage(res, html.get('playground'))
  })
  router.all('/notebook', (req, res, next) => {
    if (!isRead(req)) return onlyMethods('GET')(req, res, next)
    sendPage(res, html.get('notebook'), (nonce) => pageHeaders(nonce, NOTEBOOK_RULES))
  })
  router.all('/notebook/frame', (req, res, next) => {
    if (!isRead(req)) return onlyMethods('GET')(req, res, next)
    sendPage(res, html.get('notebook-frame'), frameHeaders)
  })
  router.all('/admin{/*path}', (req, res, next) => {
    // These are bull-board's, for who is logged in.
    if (/^\/admin\/queues(?:\/|$)/i.test(req.path)) return next()
    if (!isRead(req)) return onlyMethods('GET')(req, res, next)
    sendPage(res, html.get('admin'))
  })
  router
    .route('/assets/:name')
    .get((req, res) => {
      const asset = assets.get(req.params.name)
      if (!asset) throw new Problem('not-found', 'the file does not exist; reload the page that asked for it')
      sendAsset(req, res, asset)
    })
    .all(onlyMethods('GET'))
  return router
}

/** The script of `<run-code>`. It holds nothing that is anybody's, so every page may load it. */
function embeddedScript({ runCode }: BuiltPages): Router {
  const router = Router()
  router
    .route('/run-code.js')
    .get((req, res) => {
      res.set({ 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' })
      sendAsset(req, res, runCode, SHORTLY)
    })
    .all(onlyMethods('GET'))
  return router
}

const isRead = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD'

function sendPage(
  res: Response,
  html: string | undefined,
  headersOf: (nonce: string) => Record<string, string> = pageHeaders,
): void {
  if (html === undefined) throw new Problem('not-found', 'this page was not built')
  const nonce = randomBytes(16).toString('base64')
  res.set(headersOf(nonce)).type('html').send(html.replaceAll('{{nonce}}', nonce))
}

function sendAsset(req: Request, res: Response, asset: PageAsset, kept = FOR_EVER): void {
  res.set({ 'Cache-Control': kept, 'Content-Type': asset.contentType, Vary: 'Accept-Encoding' })
  const encoding = (['br', 'gzip'] as const).find((name) => req.acceptsEncodings(name) === name)
  if (encoding) res.set('Content-Encoding', encoding)
  res.send(asset[encoding ?? 'identity'])
}
