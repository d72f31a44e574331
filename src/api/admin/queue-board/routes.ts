import { type RequestHandler, Router } from 'express'
import type { AdminLogin } from '../../access/admin-login.ts'
import { onlyMethods } from '../../http/answer-problem.ts'
import { serveStatic } from '../../http/static-file.ts'
import { queueBoardHeaders } from '../../pages/page-headers.ts'
import { BOARD_SCRIPT, BOARD_STYLE } from './board-additions.ts'
import type { QueueBoard } from './queue-board.ts'

/** Sends browsers without a session to where they can log in; whoever shows a key is looked at like everybody. */
export function toLogin(login: Pick<AdminLogin, 'of'>): RequestHandler {
  return async (req, res, next) => {
    const shows = req.headers.authorization !== undefined || req.headers['x-api-key'] !== undefined
    if (req.method !== 'GET' || shows || req.accepts(['json', 'html']) !== 'html') return next()
    if (await login.of(req)) return next()
    res.set('Cache-Control', 'no-store').redirect(303, '/admin')
  }
}

/**
 * `/admin/queues`: bull-board, to be looked at. Which callers may is decided before.
 * @param board is asked with each request
 */
export function queueBoardRoutes(board: () => Promise<QueueBoard>): Router {
  const router = Router()
  router.use((_req, res, next) => {
    res.set(queueBoardHeaders())
    next()
  })
  router
    .route(['/', '/queue/*path', '/job-schedulers'])
    .get(async (_req, res) => void res.type('html').send((await board()).html))
    .all(onlyMethods('GET'))
  for (const [name, type, text] of [
    ['board.css', 'text/css', BOARD_STYLE],
    ['board.js', 'text/javascript', BOARD_SCRIPT],
  ] as const) {
    const serve = serveStatic(() => ({ type: `${type}; charset=utf-8`, content: Buffer.from(text) }))
    router.route(`/${name}`).get(serve).all(onlyMethods('GET'))
  }
  router
    .route(['/static/*path', '/api/*path'])
    .get(async (req, res, next) => (await board()).handler(req, res, next))
    .all(onlyMethods('GET'))
  return router
}
