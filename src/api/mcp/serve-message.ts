import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { Scope } from '../../shared/access/api-key.ts'
import { Problem } from '../../shared/problems.ts'
import { requestIdOf } from '../http/request-log.ts'
import { invalidRequest } from '../http/problems.ts'
import type { Cancellations } from './cancellations.ts'
import type { Exchange } from './mcp-server.ts'
import type { Protocol } from './protocol.ts'
import { sendWebResponse, webRequest } from './web-exchange.ts'

export interface MessageNeeds {
  /** Loads it when it is first asked for. */
  protocol: () => Promise<Pick<Protocol, 'answer' | 'missingScopes'>>
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
 *   goes on when its connection is lost, as that era has it, and can be cancelled for as long: a client that cancels and goes away may be
 *   seen to go first.
 *
 * A client may cancel while the protocol is still loaded for it: all that notices it stands before that.
 */
export function serveMessages({ protocol, cancellations, allow }: MessageNeeds): RequestHandler {
  return async (req: Request, res: Response): Promise<void> => {
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
    const cancelled = new AbortController()
    const cancel = () => cancelled.abort()
    const call = isToday || method !== 'tools/call' ? undefined : named(id)
    const forget = call && cancellations.watch(call, cancel)
    if (isToday) {
      res.once('close', () => void (res.writableFinished || cancel()))
      if (res.closed || res.destroyed) cancel()
    }
    try {
      const { answer, missingScopes } = await protocol()
      cancelled.signal.throwIfAborted()
      const missing = method === 'tools/call' ? missingScopes(caller, params?.name) : undefined
      if (missing) await allow(missing)(req, res, () => undefined)
      const exchange: Exchange = {
        caller,
        requestId: requestIdOf(req),
        res,
        cancelled: cancelled.signal,
        outlivesClient: !isToday,
      }
      const response = await answer(webRequest(req, cancelled.signal), message, exchange)
      if (!isToday && method === 'initialize' && response.ok) res.set('Mcp-Session-Id', randomUUID())
      await sendWebResponse(res, response)
    } catch (error) {
      if (!cancelled.signal.aborted) throw error
      res.end()
    } finally {
      forget?.()
    }
  }
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
