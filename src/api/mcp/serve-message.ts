import { randomUUID } from 'node:crypto'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { Request, RequestHandler, Response } from 'express'
import type { Scope } from '../../shared/access/api-key.ts'
import { Problem } from '../../shared/problems.ts'
import { requestIdOf } from '../http/request-log.ts'
import { invalidRequest } from '../http/problems.ts'
import type { Cancellations } from './cancellations.ts'
import { createMcpServer, type Exchange, mayCall, type ServerNeeds } from './mcp-server.ts'
import { findTool } from './tools.ts'
import { sendWebResponse, webRequest } from './web-exchange.ts'

export interface MessageNeeds extends ServerNeeds {
  cancellations: Cancellations
  /** Lets through callers with one of these scopes. */
  allow: (scopes: readonly Scope[]) => RequestHandler
}

/** Present in every request of 2026-07-28 and later, and in none before. */
const VERSION_CLAIM = 'io.modelcontextprotocol/protocolVersion'

/**
 * Answers one message of a client, of whichever era: the SDK speaks the protocol, with a server of its own for each message; nothing
 * is kept between messages, so any gateway can take the next one. What the SDK has no place for is done here:
 *
 * - The scopes of a tool are looked at where those of every route are, and refused as there.
 * - A client of today cancels by closing its request. One of before 2026-07-28 sends `notifications/cancelled`, perhaps to another
 *   gateway; its ids are unique within its `Mcp-Session-Id` only, which is therefore given out, and means nothing else. Its request
 *   goes on when its connection is lost, as that era has it.
 */
export function serveMessages(needs: MessageNeeds): { serve: RequestHandler; close: () => Promise<void> } {
  const { cancellations, allow, log } = needs
  const handler = createMcpHandler(
    ({ authInfo }) => createMcpServer(needs, authInfo?.extra?.['exchange'] as Exchange),
    {
      // Tools do not change while a client looks, and a stream that nothing comes from would only be held open.
      maxSubscriptions: 0,
      onerror: (err) => log.debug({ err }, 'MCP message refused'),
    },
  )

  const serve = async (req: Request, res: Response): Promise<void> => {
    const message = messageOf(req.body)
    const { caller } = res.locals
    const { method, id, params } = message
    const isToday = params?._meta?.[VERSION_CLAIM] !== undefined
    const session = req.get('mcp-session-id')
    const named = (requestId: unknown) =>
      session === undefined || (typeof requestId !== 'string' && typeof requestId !== 'number')
        ? undefined
        : { tenant: caller.tenant, keyId: caller.keyId, session, requestId }
    if (!isToday && method === 'notifications/cancelled') {
      const call = named(params?.requestId)
      if (call) await cancellations.cancel(call)
      return void res.status(202).end()
    }
    const tool = method === 'tools/call' ? findTool(params?.name) : undefined
    if (tool && !mayCall(caller, tool.scopes)) await allow(tool.scopes)(req, res, () => undefined)

    const cancelled = new AbortController()
    const cancel = () => cancelled.abort()
    const call = isToday || !tool ? undefined : named(id)
    const forget = call && cancellations.watch(call, cancel)
    if (isToday) res.once('close', () => void (res.writableFinished || cancel()))
    try {
      const exchange: Exchange = { caller, requestId: requestIdOf(req), res, cancelled: cancelled.signal }
      const response = await handler.fetch(webRequest(req, cancelled.signal), {
        parsedBody: message,
        authInfo: { token: '', clientId: caller.tenant, scopes: [...caller.scopes], extra: { exchange } },
      })
      if (!isToday && method === 'initialize' && response.ok) res.set('Mcp-Session-Id', randomUUID())
      await sendWebResponse(res, response)
    } catch (error) {
      if (!cancelled.signal.aborted) throw error
      res.end()
    } finally {
      forget?.()
    }
  }
  return { serve, close: () => handler.close() }
}

interface Message {
  method?: unknown
  id?: unknown
  params?: { name?: unknown; requestId?: unknown; _meta?: Record<string, unknown> }
}

/** @throws Problem `invalid-request` */
function messageOf(body: unknown): Message {
  if (Array.isArray(body)) {
    throw invalidRequest([{ pointer: '', detail: 'is a list; send one JSON-RPC message in each request' }])
  }
  if (typeof body !== 'object' || body === null)
    throw new Problem('invalid-request', 'the body must be a JSON-RPC message')
  const { params } = body as { params?: unknown }
  const meta = typeof params === 'object' && params !== null ? (params as { _meta?: unknown })._meta : undefined
  if (
    (params !== undefined && (typeof params !== 'object' || params === null)) ||
    (meta !== undefined && (typeof meta !== 'object' || meta === null))
  ) {
    throw invalidRequest([{ pointer: meta === undefined ? '/params' : '/params/_meta', detail: 'must be an object' }])
  }
  return body as Message
}
