import type { RequestHandler } from 'express'
import { contextOfHeaders } from '../../shared/tracing/trace-context.ts'
import type { Tracing } from '../../shared/tracing/tracing.ts'
import { withoutKeys } from './request-log.ts'

declare module 'express-serve-static-core' {
  interface Locals {
    /** Of the request's trace, when there are traces. */
    traceId?: string
  }
}

/**
 * A span for each request, by the semantic conventions of HTTP, that follows from the one its headers name. What the request
 * brings about is part of it.
 */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (req, res, next) => {
    const { method } = req
    const span = tracing.start(method, {
      kind: 'server',
      parent: contextOfHeaders(req.headers),
      attributes: {
        'http.request.method': method,
        'url.scheme': req.protocol,
        'url.path': withoutKeys(req.originalUrl.split('?', 1)[0] ?? ''),
      },
    })
    res.locals.traceId = span.traceId
    res.once('close', () => {
      const { route, jobId } = res.locals
      const { statusCode } = res
      if (route !== undefined) span.rename(`${method} ${route}`)
      span.set({ 'http.route': route, 'http.response.status_code': statusCode, 'runyard.job.id': jobId as string })
      if (statusCode >= 500) span.fail(String(statusCode))
      span.end()
    })
    tracing.within(span, next)
  }
}
