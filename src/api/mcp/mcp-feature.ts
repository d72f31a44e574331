import { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express'
import type { Scope } from '../../shared/access/api-key.ts'
import { closeOnce } from '../../shared/close-once.ts'
import { loadOnce } from '../../shared/load-once.ts'
import { Problem, type ProblemCode } from '../../shared/problems.ts'
import type { Core } from '../core.ts'
import { answerProblem, onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { createCancellations } from './cancellations.ts'
import type { ServerNeeds } from './mcp-server.ts'
import type { Protocol } from './protocol.ts'
import { serveMessages } from './serve-message.ts'

export interface McpFeature {
  /** Behind authentication and rate limit. */
  routes: RequestHandler
  /** Answers what is thrown there as JSON-RPC does. */
  errors: readonly { path: string; answer: ErrorRequestHandler }[]
  close: () => Promise<void>
}

export interface McpNeeds extends Pick<ServerNeeds, 'tools' | 'spend' | 'metrics' | 'version'> {
  /** Lets through callers with one of these scopes. @param path for the record of a refusal */
  allow: (scopes: readonly Scope[], path: string) => RequestHandler
}

const MCP_PATH = '/mcp'

/**
 * The Model Context Protocol, for models that run code: docs/guides/mcp.md. Its tools and the SDK are loaded with the first message:
 * many gateways never get one, and they take memory in each. One that cannot be loaded is an internal error for who waits; the next message
 * tries anew, which helps where a file could not be read.
 * @param load the file that has them
 */
export function createMcpFeature(
  core: Core,
  needs: McpNeeds,
  load: () => Promise<{ createProtocol: (needs: ServerNeeds) => Protocol }> = () => import('./protocol.ts'),
): McpFeature {
  const { config, redis, log } = core
  const router = Router()
  if (!config.mcp) return { routes: router, errors: [], close: async () => undefined }
  const cancellations = createCancellations(core)
  const allow = (scopes: readonly Scope[]) => needs.allow(scopes, MCP_PATH)
  let isClosed = false
  let loaded: Protocol | undefined
  const protocol = loadOnce(async () => {
    const { createProtocol } = await load()
    loaded = createProtocol({ ...needs, redis, log })
    if (isClosed) {
      await loaded.close()
      throw new Problem('unavailable', 'the gateway is closing; ask again')
    }
    return loaded
  })
  const serve = serveMessages({ protocol, cancellations, allow })
  router
    .route(MCP_PATH)
    .post(allow(['jobs', 'sessions']), jsonBody(config.http.maxBodyBytes), serve)
    // There is nothing to listen to or to end: no session of the protocol is kept.
    .all(onlyMethods('POST'))
  return {
    routes: router,
    errors: [{ path: MCP_PATH, answer: answerProblem(redis, log, sendError) }],
    close: closeOnce(
      () => {
        isClosed = true
        return loaded?.close()
      },
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
