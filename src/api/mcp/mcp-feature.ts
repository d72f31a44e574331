import { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express'
import { closeOnce } from '../../shared/close-once.ts'
import type { Problem, ProblemCode } from '../../shared/problems.ts'
import type { Core } from '../core.ts'
import { answerProblem, onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { createCancellations } from './cancellations.ts'
import { MCP_PATH, type MessageNeeds, serveMessages } from './serve-message.ts'

export interface McpFeature {
  /** Behind authentication and rate limit. */
  routes: RequestHandler
  /** Answers what is thrown there as JSON-RPC does. */
  errors: readonly { path: string; answer: ErrorRequestHandler }[]
  close: () => Promise<void>
}

export type McpNeeds = Pick<MessageNeeds, 'tools' | 'spend' | 'metrics' | 'allow' | 'version'>

/** The Model Context Protocol, for models that run code: docs/guides/mcp.md. */
export function createMcpFeature(core: Core, needs: McpNeeds): McpFeature {
  const { config, redis, log } = core
  const router = Router()
  if (!config.mcp) return { routes: router, errors: [], close: async () => undefined }
  const cancellations = createCancellations(core)
  const messages = serveMessages({ ...needs, redis, log, cancellations })
  router
    .route(MCP_PATH)
    .post(needs.allow(['jobs', 'sessions'], MCP_PATH), jsonBody(config.http.maxBodyBytes), messages.serve)
    // There is nothing to listen to or to end: no session of the protocol is kept.
    .all(onlyMethods('POST'))
  return {
    routes: router,
    errors: [{ path: MCP_PATH, answer: answerProblem(redis, log, sendError) }],
    close: closeOnce(
      () => messages.close(),
      () => cancellations.close(),
    ),
  }
}

/** Error codes of JSON-RPC 2.0; what it has none for is told by the HTTP status, and in `data`. */
const CODES: Partial<Record<ProblemCode, number>> = {
  'invalid-json': -32700,
  'invalid-request': -32600,
  'internal-error': -32603,
}

function sendError(res: Response, problem: Problem): void {
  const { code, status, message, headers } = problem
  res.status(code === 'invalid-request' ? 400 : status).set(headers)
  if (code === 'insufficient-scope') res.set('WWW-Authenticate', 'Bearer realm="runyard", error="insufficient_scope"')
  const data = { ...problem.toJSON() }
  res.json({ jsonrpc: '2.0', id: null, error: { code: CODES[code] ?? -32000, message, data } })
}
