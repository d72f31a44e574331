import type { Readable } from 'node:stream'
import { KIB } from '../../shared/limits.ts'
import { request } from '../../shared/outgoing/request.ts'
import type { AttemptError } from '../../shared/webhooks/delivery.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'
import { AddressNotAllowed, createGuardedAgent, PortNotAllowed, type Resolve } from './guarded-agent.ts'
import { createNameLookup } from './name-lookup.ts'

/** What came of one request. Either `status` or `error` is null, or both are there: an answer that did not end. */
export interface WebhookAnswer {
  status: number | null
  error: AttemptError | null
  durationMs: number
  /** The first 1 KiB of the answer's body. */
  answer: string
  retryAfter: string | undefined
}

export interface SendOptions extends Reach {
  /** Of all of it, from the name to the last byte of the answer. */
  timeoutMs: number
  /** Looks up names; a lookup of this request's own unless given. */
  resolve?: Resolve | undefined
}

/** Of an answer so much is read; then the connection is closed. */
const MAX_READ_BYTES = 4 * KIB
const KEPT_BYTES = KIB

/**
 * Makes one request and reads its answer. No redirect is followed. Never rejects because of the receiver.
 */
export async function sendWebhook(
  url: string,
  headers: Record<string, string>,
  body: string,
  { timeoutMs, resolve, ...reach }: SendOptions,
): Promise<WebhookAnswer> {
  const started = performance.now()
  const names = createNameLookup()
  const agent = createGuardedAgent({ reach, connectTimeoutMs: timeoutMs, resolve: resolve ?? names.resolve })
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeoutMs)
  const received: Received = { status: null, retryAfter: undefined, chunks: [] }
  let error: AttemptError | null = null
  try {
    const response = await request(url, { method: 'POST', headers, body, agent, signal: late.signal })
    received.status = response.status
    received.retryAfter = response.headers['retry-after']
    await readSome(response.body, received.chunks)
  } catch (cause) {
    error = late.signal.aborted ? 'timeout' : errorOf(cause)
  } finally {
    clearTimeout(timer)
    names.cancel()
    await agent.close()
  }
  const { status, retryAfter, chunks } = received
  const durationMs = Math.round(performance.now() - started)
  return { status, error, durationMs, answer: beginning(chunks), retryAfter }
}

interface Received {
  status: number | null
  retryAfter: string | undefined
  chunks: Buffer[]
}

/** Fills `chunks` until there are enough bytes, or no more. */
async function readSome(body: Readable, chunks: Buffer[]): Promise<void> {
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= MAX_READ_BYTES) return
  }
}

/** A character that is cut in two is left out. */
const beginning = (chunks: readonly Buffer[]): string =>
  new TextDecoder().decode(Buffer.concat(chunks).subarray(0, KEPT_BYTES), { stream: true })

const CODES: Record<string, AttemptError> = {
  ENOTFOUND: 'name-not-found',
  EAI_AGAIN: 'name-not-found',
  EAI_NODATA: 'name-not-found',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-closed',
  EPIPE: 'connection-closed',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EPROTO: 'tls-failed',
}

/** What went wrong, in words that tell nothing of the network this runs in. */
function errorOf(cause: unknown): AttemptError {
  if (cause instanceof AddressNotAllowed) return 'address-not-allowed'
  if (cause instanceof PortNotAllowed) return 'port-not-allowed'
  const { code = '', errors } = cause as { code?: string; errors?: unknown[] }
  // Of a name with several addresses each one failed.
  if (errors?.[0] !== undefined && CODES[code] === undefined) return errorOf(errors[0])
  if (code.startsWith('HPE_')) return 'invalid-answer'
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)/.test(code)) return 'tls-failed'
  return CODES[code] ?? 'failed'
}
