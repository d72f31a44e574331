import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import { isRedisAway } from '../../shared/redis/redis-away.ts'

/** Writes a problem as `application/problem+json`. */
export function sendProblem(res: Response, problem: Problem): void {
  res.status(problem.status).set(problem.headers)
  res.type('application/problem+json').send(JSON.stringify(problem))
}

/** For a path that no route has. */
export const noRoute: RequestHandler = (req) => {
  throw new Problem('not-found', `${req.path} is not a path of this service`)
}

/** For a path that has routes, but none for the method. */
export function onlyMethods(...methods: string[]): RequestHandler {
  return (req) => {
    const allowed = methods.join(', ')
    throw new Problem(
      'method-not-allowed',
      `${req.method} cannot be used on ${req.baseUrl}${req.path}; allowed: ${allowed}`,
      {
        headers: { Allow: allowed },
      },
    )
  }
}

/**
 * The last stop of every error. The client learns what it can act on; what failed inside stands in the log, with the request's
 * id. A response that has begun is broken off, so that nobody takes it for all there is.
 * @param send how the client is told
 */
export function answerProblem(redis: Redis, log: Logger, send = sendProblem): ErrorRequestHandler {
  // Express knows it for what it is by its four parameters.
  return (error: unknown, req, res, _next) => {
    if (res.headersSent) {
      log.error({ err: error, requestId: req.id }, 'response broken off')
      if (!res.writableEnded) res.destroy()
      return
    }
    const problem = asProblem(error, redis)
    res.locals.isRefused = problem.isRefusal
    if (problem.status >= 500 && !problem.isRefusal && problem.code !== 'wait-timeout') {
      log.error({ err: error, requestId: req.id, code: problem.code }, 'request failed')
    }
    send(res, problem)
  }
}

/** What a client is told of an error; what failed inside is `internal-error` or `unavailable`. */
export function asProblem(error: unknown, redis: Redis): Problem {
  if (error instanceof Problem) return error
  const { status, name } = error as { status?: unknown; name?: unknown }
  // A path whose percent-encoding is broken.
  if (status === 400 && error instanceof URIError) return new Problem('not-found', 'the path cannot be decoded')
  if (redis.status !== 'ready' || name === 'ReplyError' || isRedisAway(error)) return queueUnavailable(error)
  return new Problem('internal-error', 'an internal error occurred; the log has details under this request’s id')
}
