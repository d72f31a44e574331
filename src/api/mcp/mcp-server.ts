import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Response } from 'express'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Problem } from '../../shared/problems.ts'
import { asProblem } from '../http/answer-problem.ts'
import type { Caller } from '../http/caller.ts'
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts'
import { explainProblem } from './explain-problem.ts'
import { listed, type Tool, type ToolNeeds, type ToolResult } from './tools/tool.ts'
import { findTool, TOOLS } from './tools.ts'

/** One request of a client, on its way. */
export interface Exchange {
  caller: Caller
  requestId: string
  res: Response
  /** Aborts when the client has cancelled it. */
  cancelled: AbortSignal
  /** Whether it goes on when its connection is lost. */
  outlivesClient: boolean
}

export interface ServerNeeds {
  tools: ToolNeeds
  /** Takes from the caller's submissions. @throws Problem */
  spend: (res: Response) => Promise<void>
  metrics: Pick<GatewayMetrics, 'toolCalled'>
  redis: Redis
  log: Logger
  version: string
}

const INSTRUCTIONS =
  'Runs code in sandboxes without network. For one program use run_code. For work in steps that build on each other use ' +
  'create_session, then run_in_session (variables remain), run_command, write_file, read_file and list_files with its session_id, and ' +
  'close_session at the end. A run that takes longer than 45 seconds is answered with a run_id: get_run has its result.'

/** How long a client may keep the list of tools: languages come and go. */
const LIST_MS = 60_000

/** A server as the SDK wants it: one for each request, of whatever era. */
export function createMcpServer(needs: ServerNeeds, exchange: Exchange): Server {
  const { version, tools } = needs
  const server = new Server(
    { name: 'runyard', title: 'Runyard', version },
    {
      capabilities: { tools: {} },
      instructions: INSTRUCTIONS,
      cacheHints: {
        'tools/list': { ttlMs: LIST_MS, cacheScope: 'private' },
        'server/discover': { ttlMs: LIST_MS, cacheScope: 'private' },
      },
    },
  )
  server.setRequestHandler('tools/list', async () => {
    const runtimes = await tools.overview().then(
      (overview) => overview.runtimes,
      () => undefined,
    )
    const own = TOOLS.filter(({ scopes }) => mayCall(exchange.caller, scopes))
    return { tools: own.map((tool) => listed(tool, runtimes)) as never }
  })
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = findTool(params.name)
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `unknown tool: ${params.name}`)
    return callTool(needs, exchange, tool, params.arguments ?? {}, context)
  })
  return server
}

export const mayCall = ({ scopes }: Caller, enough: Tool['scopes']): boolean =>
  scopes.some((scope) => enough.includes(scope))

/** What the model is to know, a failure as well, is a result; only an internal error is an error of the protocol. */
async function callTool(
  { tools, spend, metrics, redis, log }: ServerNeeds,
  { caller, requestId, res, cancelled, outlivesClient }: Exchange,
  tool: Tool,
  args: Record<string, unknown>,
  context: ServerContext,
): Promise<CallToolResult> {
  const begun = performance.now()
  const done = new AbortController()
  const tell = (outcome: 'succeeded' | 'failed' | 'refused' | 'cancelled' | 'error', code?: string) => {
    metrics.toolCalled(tool.name, cancelled.aborted ? 'cancelled' : outcome)
    const ms = Math.round(performance.now() - begun)
    const { tenant, keyId } = caller
    log.info({ tool: tool.name, outcome, code, ms, tenant, keyId, requestId, jobId: res.locals.jobId }, 'tool called')
  }
  try {
    if (tool.submits) await spend(res)
    const ends = tools.open.admit(res, outlivesClient ? done.signal : undefined)
    const call = { caller, requestId, res, ends, cancelled, progress: progressOf(context) }
    const { content, structured, failed = false } = (await tool.run(tools, args, call)) satisfies ToolResult
    tell(failed ? 'failed' : 'succeeded')
    return { content, structuredContent: structured, ...(failed && { isError: true }) }
  } catch (error) {
    const problem = asProblem(error, redis)
    if (problem.code === 'internal-error') {
      tell('error')
      log.error({ err: error, requestId, tool: tool.name }, 'tool failed')
      throw new ProtocolError(ProtocolErrorCode.InternalError, problem.message)
    }
    tell('refused', problem.code)
    return { content: [{ type: 'text', text: explainProblem(problem satisfies Problem) }], isError: true }
  } finally {
    done.abort()
  }
}

/** Progress as the client asked for it: each with a higher number than the one before. */
function progressOf({ mcpReq }: ServerContext): ((message: string) => void) | undefined {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return undefined
  let progress = 0
  return (message) => {
    progress += 1
    const params = { progressToken, progress, message }
    // A client that has gone needs to know nothing.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined)
  }
}
