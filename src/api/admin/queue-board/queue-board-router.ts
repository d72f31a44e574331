import { Router } from 'express'
import { loadOnce } from '../../../shared/load-once.ts'
import { onlyMethods } from '../../http/answer-problem.ts'
import { serveStatic } from '../../http/static-file.ts'
import { queueBoardHeaders } from '../../pages/page-headers.ts'
import { BOARD_SCRIPT, BOARD_STYLE } from './board-additions.ts'
import type { QueueBoard, QueueBoardOptions } from './queue-board.ts'

/**
 * `/admin/queues`: bull-board, to be looked at. Which callers may is decided before.
 * @param board is asked with each request
 */
export function queueBoardRouter(board: () => Promise<QueueBoard>): Router {
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

/** bull-board, loaded when it is first looked at: few gateways ever are, and its packages take memory in each. */
export const loadQueueBoard = (options: QueueBoardOptions): (() => Promise<QueueBoard>) =>
  loadOnce(async () => (await import('./queue-board.ts')).createQueueBoard(options))
