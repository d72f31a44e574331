import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
type KeyValue = { key: string; value: Value }

/** A span as OTLP has it in JSON, and what its process is called. */
export interface ReceivedSpan {
  service: string
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  kind: number
  startMs: number
  endMs: number
  isFailed: boolean
  attributes: Record<string, unknown>
}

/** Receives traces by OTLP over HTTP. */
export interface Collector {
  url: string
  spans: ReceivedSpan[]
  /** Every request: its path, headers and body. */
  requests: { path: string; headers: Record<string, unknown>; body: Buffer }[]
  close: () => Promise<void>
}

export const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }

const values = (list: KeyValue[] = []) =>
  Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      value.stringValue ?? value.doubleValue ?? value.boolValue ?? Number(value.intValue),
    ]),
  )

interface Otlp {
  resourceSpans: {
    resource: { attributes: KeyValue[] }
    scopeSpans: {
      spans: {
        name: string
        traceId: string
        spanId: string
        parentSpanId?: string
        kind: number
        startTimeUnixNano: string
        endTimeUnixNano: string
        status?: { code?: number }
        attributes?: KeyValue[]
      }[]
    }[]
  }[]
}

export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = []
  const requests: Collector['requests'] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    requests.push({ path: req.url ?? '', headers: req.headers, body })
    if (req.headers['content-type'] === 'application/json')
      spans.push(...readSpans(JSON.parse(body.toString()) as Otlp))
    res.writeHead(200, { 'content-type': req.headers['content-type'] }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function readSpans({ resourceSpans }: Otlp): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(values(resource.attributes)['service.name'])
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        service,
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        kind: span.kind,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
        endMs: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
        isFailed: span.status?.code === 2,
        attributes: values(span.attributes),
      })),
    )
  })
}
