import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createParser } from 'eventsource-parser'

/** Where messages go. */
export interface Destination {
  /** Of the service. */
  url: string
  key: string | undefined
}

type Id = string | number
interface Message {
  id?: Id | null
  method?: string
  params?: Record<string, unknown> & { _meta?: Record<string, unknown> }
  result?: { protocolVersion?: string }
  error?: { code: number; message: string }
}

const CLAIM = 'io.modelcontextprotocol/protocolVersion'
/** Codes of JSON-RPC 2.0. */
const PARSE_ERROR = -32700
const SERVER_ERROR = -32000

/**
 * Carries the Model Context Protocol between the lines of a client that started this process and a service that speaks it over
 * HTTP, both as the client's revision has it, until the lines end. Nothing is known here of tools: they are those of the service.
 *
 * Over lines a client always cancels by `notifications/cancelled`. Over HTTP that is the end of the request since 2026-07-28; before,
 * it is the same notification, to whichever gateway. What is under way when the lines end is cancelled: nobody waits for it any more.
 *
 * @param write takes one line
 * @param stop aborts when the process is to end
 */
export async function forwardMessages(
  lines: Readable,
  write: (line: string) => void,
  destination: Destination,
  stop: AbortSignal,
): Promise<void> {
  const connection = createConnection(destination)
  const underWay = new Map<Id, { ends: AbortController; isToday: boolean }>()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()
  const say = (message: object) => write(JSON.stringify(message))
  const fail = (id: Id | null, code: number, message: string) => say({ jsonrpc: '2.0', id, error: { code, message } })

  const forward = async (message: Message): Promise<void> => {
    const { id, method } = message
    if (method === undefined) return
    if (method === 'notifications/cancelled') {
      const cancelled = underWay.get(message.params?.['requestId'] as Id)
      cancelled?.ends.abort()
      if (cancelled?.isToday) return
    }
    const isRequest = id !== undefined && id !== null
    const ends = new AbortController()
    const isToday = connection.isToday(message)
    // Before, a client that goes away cancels nothing, and its notification is what ends the answer.
    const signal = isToday ? AbortSignal.any([ends.signal, closing.signal]) : closing.signal
    if (isRequest) underWay.set(id, { ends, isToday })
    let isAnswered = false
    try {
      await connection.send(message, signal, (received) => {
        if (ends.signal.aborted) return
        const isAnswer = received.method === undefined
        isAnswered ||= isAnswer
        // What is refused before the message is read has no id.
        say(isAnswer && isRequest && (received.id ?? null) === null ? { ...received, id } : received)
      })
      if (isRequest && !isAnswered && !ends.signal.aborted) fail(id, SERVER_ERROR, 'the service broke off its answer')
    } catch (error) {
      if (isRequest && !isAnswered && !ends.signal.aborted) fail(id, SERVER_ERROR, reasonOf(error, destination.url))
    } finally {
      if (isRequest) underWay.delete(id)
    }
  }

  const reader = createInterface({ input: lines, crlfDelay: Infinity })
  const end = () => reader.close()
  stop.addEventListener('abort', end)
  if (stop.aborted) end()
  for await (const line of reader) {
    if (line.trim() === '') continue
    const message = parse(line)
    if (!message) {
      fail(null, PARSE_ERROR, 'the line is not a JSON-RPC message')
      continue
    }
    const forwarded = forward(message)
    running.add(forwarded)
    void forwarded.finally(() => running.delete(forwarded))
    // What follows is sent as the answer to it says.
    if (message.method === 'initialize') await forwarded
  }
  stop.removeEventListener('abort', end)
  const left = [...underWay]
  for (const [, { ends }] of left) ends.abort()
  const notices = left.filter(([, { isToday }]) => !isToday)
  await Promise.all(notices.map(([requestId]) => forward({ method: 'notifications/cancelled', params: { requestId } })))
  closing.abort()
  await Promise.all(running)
}

/** Messages over HTTP; it remembers what the answer to `initialize` said. */
function createConnection({ url, key }: Destination) {
  let session: string | undefined
  let version: string | undefined
  const claimOf = ({ params }: Message): unknown => params?._meta?.[CLAIM]

  const headersOf = (message: Message): Record<string, string> => {
    const claim = claimOf(message)
    if (typeof claim !== 'string') {
      return {
        ...(session !== undefined && { 'mcp-session-id': session }),
        ...(version !== undefined && message.method !== 'initialize' && { 'mcp-protocol-version': version }),
      }
    }
    const name = message.params?.['name'] ?? message.params?.['uri']
    return {
      'mcp-protocol-version': claim,
      'mcp-method': message.method ?? '',
      ...(typeof name === 'string' && NAMED.includes(message.method ?? '') && { 'mcp-name': headerValue(name) }),
    }
  }

  return {
    isToday: (message: Message): boolean => claimOf(message) !== undefined,
    /** @param received is told of each message that comes back. @throws what fetch throws; Error with what was answered */
    async send(message: Message, signal: AbortSignal, received: (message: Message) => void): Promise<void> {
      const response = await fetch(new URL('/mcp', url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...headersOf(message),
        },
        body: JSON.stringify(message.id === undefined ? { jsonrpc: '2.0', ...message } : message),
        signal,
      })
      const take = (answer: Message) => {
        if (message.method === 'initialize' && answer.result) {
          session = response.headers.get('mcp-session-id') ?? undefined
          version = answer.result.protocolVersion
        }
        received(answer)
      }
      const type = response.headers.get('content-type') ?? ''
      if (type.startsWith('text/event-stream')) return readEvents(response, take)
      const text = await response.text()
      if (text === '' && response.ok) return
      const answer = parse(text)
      if (answer && (answer.result !== undefined || answer.error !== undefined)) return take(answer)
      throw new Error(
        `the service answered ${response.status} ${response.statusText}; is ${url} a Runyard with MCP=on?`,
      )
    },
  }
}

/** Requests that are named in a header. */
const NAMED = ['tools/call', 'prompts/get', 'resources/read']

async function readEvents(response: Response, take: (message: Message) => void): Promise<void> {
  const parser = createParser({
    onEvent({ data }) {
      const message = parse(data)
      if (message) take(message)
    },
  })
  const decoder = new TextDecoder()
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(piece, { stream: true }))
  }
}

/** @returns undefined when it is no message */
function parse(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Message) : undefined
  } catch {
    return undefined
  }
}

/** As 2026-07-28 has it for values that a header cannot hold. */
const headerValue = (text: string): string =>
  /^[\x21-\x7e]+$/.test(text) && !text.startsWith('=?') ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`

function reasonOf(error: unknown, url: string): string {
  const { message, cause } = error as { message: string; cause?: { code?: string; message?: string } }
  if (cause === undefined) return message
  return `the service at ${url} cannot be reached: ${cause.code ?? cause.message ?? message}`
}
