import type { Response } from 'express'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { type HttpLogger, pinoHttp } from 'pino-http'
import { v7 as uuid } from 'uuid'

declare module 'express-serve-static-core' {
  interface Locals {
    /** Whether it is answered by a refusal, which is no failure even where its status is 503. */
    isRefused?: boolean
  }
}

/**
 * A line for each request: method, path, status, time, and once they are known tenant, key and job. Never a header, a query or a body, where keys and code would stand.
 * The request's id goes out as `X-Request-Id`; one from outside is not believed.
 */
export function requestLog(log: Logger): HttpLogger {
  return pinoHttp<IncomingMessage, ServerResponse>({
    logger: log,
    genReqId: (_req, res) => {
      const id = uuid()
      res.setHeader('X-Request-Id', id)
      return id
    },
    customProps: (_req, res) => {
      const { caller, jobId, traceId } = (res as Partial<Response>).locals ?? {}
      const trace = traceId === undefined ? {} : { trace_id: traceId }
      return caller ? { tenant: caller.tenant, keyId: caller.keyId, jobId, ...trace } : trace
    },
    customLogLevel: (_req, res) => (res.statusCode >= 500 && !isRefused(res) ? 'error' : 'info'),
    customSuccessMessage: () => 'request',
    customErrorMessage: (_req, res) => (isRefused(res) ? 'request refused' : 'request failed'),
    wrapSerializers: false,
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        path: withoutKeys(url.split('?', 1)[0] ?? ''),
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      // The error itself is logged where it is answered.
      err: ({ name }: { name: string }) => name,
    },
  })
}

const isRefused = (res: ServerResponse): boolean => (res as Partial<Response>).locals?.isRefused === true

/** The id under which the log tells of a request. */
export const requestIdOf = (req: IncomingMessage): string => req.id as string

/** A path as it may be logged: somebody may have put a key there. */
export const withoutKeys = (path: string): string => path.replaceAll(/ry(b?)_[0-9a-f]{12}_[^/]*/gi, 'ry$1_...')
