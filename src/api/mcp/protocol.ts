import { createMcpHandler } from '@modelcontextprotocol/server'
import type { Scope } from '../../shared/access/api-key.ts'
import type { Caller } from '../http/caller.ts'
import { createMcpServer, type Exchange, mayCall, type ServerNeeds } from './mcp-server.ts'
import { findTool } from './tools.ts'

/** What speaks the protocol, and its tools. */
export interface Protocol {
  /** Answers a message. @param request without body; aborts when it is given up */
  answer: (request: Request, message: unknown, exchange: Exchange) => Promise<Response>
  /** The scopes of which the caller lacks one to call this tool; undefined when it may, or there is no such tool. */
  missingScopes: (caller: Caller, tool: unknown) => readonly Scope[] | undefined
  close: () => Promise<void>
}

/** This file brings the SDK and the schemas of all tools with it: it is loaded with the first message. */
export function createProtocol(needs: ServerNeeds): Protocol {
  const handler = createMcpHandler(
    ({ authInfo }) => createMcpServer(needs, authInfo?.extra?.['exchange'] as Exchange),
    {
      // Tools do not change while a client looks, and a stream that nothing comes from would only be held open.
      maxSubscriptions: 0,
      onerror: (err) => needs.log.debug({ err }, 'MCP message refused'),
    },
  )
  return {
    answer(request, message, exchange) {
      const { tenant, scopes } = exchange.caller
      const authInfo = { token: '', clientId: tenant, scopes: [...scopes], extra: { exchange } }
      return handler.fetch(request, { parsedBody: message, authInfo })
    },
    missingScopes(caller, name) {
      const tool = findTool(name)
      return tool && !mayCall(caller, tool.scopes) ? tool.scopes : undefined
    },
    close: () => handler.close(),
  }
}
