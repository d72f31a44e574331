import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { closeOnce } from '../close-once.ts'
import { MINUTE, SECOND } from '../limits.ts'
import { hostInUrl, isLoopback, isLoopbackName } from '../loopback.ts'
import type { Exposition } from './exposition.ts'

export interface MetricsServer {
  /** e.g. `http://127.0.0.1:9464/metrics` */
  url: string
  close: () => Promise<void>
}

const REQUEST_TIMEOUT_MS = 5 * SECOND
/** Longer than between two scrapes: a connection that is closed as the next one comes loses that scrape. */
const KEEP_ALIVE_MS = 5 * MINUTE

/**
 * Serves `/metrics` and nothing else, to whoever reaches the address. On one of loopback a request has to name it so: a page
 * from elsewhere whose own name resolves to it gets nothing.
 * @throws Error when the address cannot be listened on
 */
export async function startMetricsServer(
  { host, port }: { host: string; port: number },
  exposition: Exposition,
  log: Logger,
): Promise<MetricsServer> {
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const refuse = (status: number, text: string) => res.writeHead(status, { 'Content-Type': 'text/plain' }).end(text)
    if (isLoopback(host) && !isLoopbackName(req.headers.host ?? '')) return refuse(421, 'served to localhost only\n')
    if (req.url?.split('?', 1)[0] !== '/metrics') return refuse(404, 'only /metrics is here\n')
    if (req.method !== 'GET' && req.method !== 'HEAD') return refuse(405, 'only GET can be used here\n')
    const text = await exposition.text()
    return res
      .writeHead(200, { 'Content-Type': exposition.register.contentType, 'Cache-Control': 'no-store' })
      .end(text)
  }
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    answer(req, res).catch((err: unknown) => {
      log.error({ err }, 'metrics could not be served')
      res.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const url = `http://${hostInUrl(host)}:${(server.address() as AddressInfo).port}/metrics`
  log.info({ url }, 'metrics are served')
  return {
    url,
    close: closeOnce(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    ),
  }
}
