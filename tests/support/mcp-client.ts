import { eventsOf } from './read-events.ts'

/** The protocol of today, and the last one before. */
export const TODAY = '2026-07-28'
export const BEFORE = '2025-11-25'

export interface Message {
  jsonrpc: '2.0'
  id?: number | string | null
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown> & ToolAnswer
  error?: { code: number; message: string; data?: Record<string, unknown> }
}

/** What a tool answers. */
export interface ToolAnswer {
  content?: { type: string; text?: string; data?: string; mimeType?: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
}

export interface McpAnswer {
  status: number
  headers: Headers
  /** Those before the last, of a stream. */
  notifications: Message[]
  /** The last; undefined of an answer without a body. */
  message: Message | undefined
}

/** Sends one message of the Model Context Protocol as it stands. @returns what is answered, as JSON or as a stream */
export async function sendMessage(
  url: string,
  message: unknown,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<McpAnswer> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(message),
    ...(signal && { signal }),
  })
  const { status } = response
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const messages: Message[] = []
    for await (const { data } of eventsOf(response)) messages.push(data as unknown as Message)
    return { status, headers: response.headers, notifications: messages.slice(0, -1), message: messages.at(-1) }
  }
  const text = await response.text()
  const parsed = text === '' ? undefined : (JSON.parse(text) as Message)
  return { status, headers: response.headers, notifications: [], message: parsed }
}

/** A request of today, complete in itself. */
export function requestOfToday(method: string, params: Record<string, unknown> = {}, meta: object = {}) {
  const claims = {
    'io.modelcontextprotocol/protocolVersion': TODAY,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  }
  const name: unknown = params['name']
  return {
    message: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: { ...claims, ...meta } } },
    headers: {
      'mcp-protocol-version': TODAY,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    },
  }
}
