import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { createHttp, type Http } from '../client/http.ts'
import { RunyardError } from '../client/runyard-error.ts'
import { verifyWebhook, WebhookVerificationError } from '../client/verify-webhook.ts'
import type { Delivery } from '../shared/webhooks/delivery.ts'
import type { TenantSecrets } from '../shared/webhooks/webhook-secrets.ts'
import { EXIT, ExitError } from './exit.ts'
import type { Connection } from './service/connection.ts'
import type { Streams } from './jobs/show-events.ts'
import { hostInUrl } from '../shared/loopback.ts'

export interface ListenOptions {
  connection: Connection
  /** Of this machine, where the service reaches the receiver. */
  host: string
  port: number
  /** Where what arrived is passed on to, as it came. */
  forward: string | undefined
  /** Whether what arrives is printed as JSON. */
  json: boolean
  streams: Pick<Streams, 'stdout' | 'note'>
  /** Aborts at Ctrl-C. */
  stop: AbortSignal
}

const MOST_BYTES = 4 * 1024 * 1024
const FORWARD_MS = 15_000

/**
 * A receiver of webhooks on this machine: verifies and prints what arrives, and sends itself a test event first.
 * @returns at Ctrl-C
 * @throws ExitError when the port is taken, or the service refuses to deliver here: it says what to set
 */
export async function listenForWebhooks(options: ListenOptions): Promise<void> {
  const { connection, host, port, streams, stop } = options
  const http = createHttp({ url: connection.url, key: connection.key, retries: 3, onRetry: connection.onRetry })
  const { secret, previous } = await http.json<TenantSecrets>('/v1/webhook-secret', { signal: stop })
  const secrets = [secret, ...previous.map((one) => one.secret)]
  const server = createServer((req, res) => {
    receive(req, res, secrets, options).catch((error: unknown) => {
      streams.note(String(error))
      res.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new ExitError(EXIT.usage, `${host}:${port} cannot be used: ${message}`)),
    )
    server.listen(port, host, resolve)
  })
  const url = `http://${hostInUrl(host)}:${port}/`
  try {
    streams.note(`receiving webhooks at ${url}; waiting for a test event`)
    await sendTest(http, url, host, stop)
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve()
      else stop.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function sendTest(http: Http, url: string, host: string, signal: AbortSignal): Promise<void> {
  try {
    await http.json<Delivery>('/v1/webhook-test', { method: 'POST', body: { url }, signal })
  } catch (error) {
    if (signal.aborted) return
    const detail =
      error instanceof RunyardError ? error.errors.find(({ pointer }) => pointer === '/url')?.detail : undefined
    if (detail === undefined) throw error
    throw new ExitError(
      EXIT.setting,
      `the service refuses ${url}: it ${detail}\nOn a machine of your own, start it with: WEBHOOK_ALLOW=${host} npm start`,
    )
  }
}

async function receive(
  req: IncomingMessage,
  res: ServerResponse,
  secrets: readonly string[],
  { forward, json, streams }: ListenOptions,
): Promise<void> {
  if (Number(req.headers['content-length'] ?? 0) > MOST_BYTES) return void res.writeHead(413).end()
  const body = await buffer(req)
  try {
    const event = await verifyWebhook({ headers: req.headers, body, secret: secrets })
    streams.stdout.write(`${json ? JSON.stringify(event) : portrait(event)}\n`)
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error
    streams.note(`refused a request without a valid signature: ${error.message}`)
    return void res.writeHead(400).end()
  }
  if (forward === undefined) return void res.writeHead(204).end()
  const { status, text } = await passOn(forward, req, body)
  streams.note(`${forward} answered ${text}`)
  res.writeHead(status).end()
}

const HEADERS = ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

async function passOn(url: string, req: IncomingMessage, body: Buffer): Promise<{ status: number; text: string }> {
  const headers = Object.fromEntries(
    HEADERS.flatMap((name) => (req.headers[name] === undefined ? [] : [[name, String(req.headers[name])]])),
  )
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: Uint8Array.from(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(FORWARD_MS),
    })
    await answer.body?.cancel()
    return { status: answer.status >= 200 ? answer.status : 502, text: String(answer.status) }
  } catch (error) {
    const { cause, message } = error as Error
    return { status: 502, text: `nothing: ${cause instanceof Error ? cause.message : message}` }
  }
}

function portrait(event: Awaited<ReturnType<typeof verifyWebhook>>): string {
  const at = event.timestamp.slice(11, 19)
  if (event.type === 'webhook.test') return `${at}  ${event.type}  ${event.data.message}`
  const { id, language, state } = event.data
  const how = 'status' in event.data ? event.data.status : 'reason' in event.data ? event.data.reason : null
  return `${at}  ${event.type}  ${id}  ${language ?? 'container'}  ${how ?? state}`
}
