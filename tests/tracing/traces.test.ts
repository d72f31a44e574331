import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { answering, type Receiver, startReceiver } from '../worker/webhooks/receiver.ts'
import { type Collector, KIND, type ReceivedSpan, startCollector } from './collector.ts'
import { eventually } from '../support/eventually.ts'

let collector: Collector
let receiver: Receiver
let platform: TestPlatform
const lines: string[] = []
beforeAll(async () => {
  collector = await startCollector()
  receiver = await startReceiver()
  platform = await startPlatform(
    {
      LOG_LEVEL: 'info',
      WEBHOOK_ALLOW: '127.0.0.0/8',
      WORKER_CONCURRENCY: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    },
    (line) => lines.push(line),
  )
})
afterAll(async () => {
  await platform.close()
  await receiver.close()
  await collector.close()
})

/** The spans of a trace, once these are among them. */
async function spansOf(traceId: string, ...names: string[]): Promise<ReceivedSpan[]> {
  return eventually(`spans ${names.join(', ')} of ${traceId}`, () => {
    const found = collector.spans.filter((span) => span.traceId === traceId)
    return names.every((name) => found.some((span) => span.name === name)) ? found : undefined
  })
}

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

/** Names from a span up to the first of its trace. */
function wayUp(spans: readonly ReceivedSpan[], name: string): string[] {
  const way: string[] = []
  for (let span = spans.find((one) => one.name === name); span;) {
    way.push(span.name)
    const { parentSpanId } = span
    if (parentSpanId === CALLER.spanId) way.push('caller')
    span = spans.find((one) => one.spanId === parentSpanId)
  }
  return way
}

describe('a job with a webhook is one trace', () => {
  let job: Job
  let spans: ReceivedSpan[]
  beforeAll(async () => {
    const headers = {
      traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
      tracestate: 'vendor=1',
      prefer: 'wait=30',
    }
    const request = {
      language: 'bash',
      code: 'cat',
      tests: [{ stdin: 'a' }, { stdin: 'b' }],
      webhook: { url: `${receiver.url}/hook?secret=1` },
    }
    const answer = await post<Job>(`${platform.url}/v1/jobs`, request, headers)
    expect(answer.status).toBe(200)
    job = answer.body
    spans = await spansOf(CALLER.traceId, 'POST /v1/jobs', 'process jobs', 'process webhooks', 'send webhooks', 'POST')
  })

  test('from the caller’s span to the delivery, each below what brought it about', () => {
    const process = ['process jobs', 'send jobs', 'POST /v1/jobs', 'caller']
    expect(wayUp(spans, 'wait jobs')).toEqual(['wait jobs', ...process.slice(1)])
    expect(wayUp(spans, 'acquire sandbox')).toEqual(['acquire sandbox', ...process])
    expect(wayUp(spans, 'stage test')).toEqual(['stage test', ...process])
    expect(wayUp(spans, 'POST')).toEqual(['POST', 'process webhooks', 'send webhooks', ...process])
    expect(spans.map(({ name }) => name).toSorted()).toEqual([
      'POST',
      'POST /v1/jobs',
      'acquire sandbox',
      'process jobs',
      'process webhooks',
      'send jobs',
      'send webhooks',
      'stage test',
      'stage test',
      'wait jobs',
    ])
    expect(spans.filter(({ isFailed }) => isFailed)).toEqual([])
  })

  test('in which each process names itself', () => {
    const services = (names: string[]) =>
      new Set(spans.filter(({ name }) => names.includes(name)).map(({ service }) => service))
    expect(services(['POST /v1/jobs', 'send jobs'])).toEqual(new Set(['runyard-gateway']))
    expect(services(['process jobs', 'stage test', 'POST'])).toEqual(new Set(['runyard-worker']))
  })

  test('whose spans tell what the semantic conventions have them tell', () => {
    const of = (name: string) => spans.find((span) => span.name === name)
    expect(of('POST /v1/jobs')).toMatchObject({
      kind: KIND.server,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/jobs',
        'url.path': '/v1/jobs',
        'http.response.status_code': 200,
      },
    })
    const jobs = { 'messaging.system': 'bullmq', 'messaging.destination.name': 'jobs', 'messaging.message.id': job.id }
    expect(of('send jobs')).toMatchObject({
      kind: KIND.producer,
      attributes: { ...jobs, 'messaging.operation.type': 'send' },
    })
    expect(of('process jobs')).toMatchObject({
      kind: KIND.consumer,
      attributes: {
        ...jobs,
        'messaging.operation.type': 'process',
        'runyard.job.status': 'succeeded',
        'runyard.job.runtime': 'bash',
      },
    })
    const stages = spans.filter(({ name }) => name === 'stage test')
    const names = stages.map(({ attributes }) => attributes['runyard.stage.name'])
    expect(new Set(names)).toEqual(new Set(['test 1', 'test 2']))
    expect(of('POST')).toMatchObject({
      kind: KIND.client,
      attributes: { 'server.address': '127.0.0.1', 'server.port': receiver.port, 'http.response.status_code': 204 },
    })
    expect(JSON.stringify(spans)).not.toContain('secret')
  })

  test('in which times lie within each other', () => {
    const request = spans.find(({ name }) => name === 'POST /v1/jobs')
    for (const name of ['send jobs', 'process jobs', 'stage test']) {
      const span = spans.find((one) => one.name === name)
      expect(span?.startMs).toBeGreaterThanOrEqual((request?.startMs ?? 0) - 2)
      expect(span?.endMs).toBeGreaterThanOrEqual(span?.startMs ?? 0)
    }
    const took = spans.filter(({ name }) => name === 'stage test').map(({ startMs, endMs }) => endMs - startMs)
    const wall = job.stages.map(({ wallMs }) => wallMs)
    took.forEach((ms, index) => expect(Math.abs(ms - (wall[index] ?? 0))).toBeLessThan(3))
  })

  test('which the receiver of the webhook can go on with', () => {
    const [request] = receiver.requests
    const span = spans.find(({ name }) => name === 'POST')
    expect(request?.headers['traceparent']).toBe(`00-${CALLER.traceId}-${span?.spanId}-01`)
    expect(request?.headers['tracestate']).toBeUndefined()
  })

  test('which the log lines of gateway and worker name', () => {
    const told = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['jobId'] === job.id)
    const messages = ['job accepted', 'job started', 'job ended', 'request']
    expect(told).toHaveLength(messages.length)
    expect(new Set(told.map(({ msg }) => msg))).toEqual(new Set(messages))
    for (const line of told) expect(line['trace_id']).toBe(CALLER.traceId)
  })

  test('and is sent as it was asked for', () => {
    expect(new Set(collector.requests.map(({ path }) => path))).toEqual(new Set(['/v1/traces']))
    expect(collector.requests[0]?.headers).toMatchObject({ 'x-team': 'a b', 'content-type': 'application/json' })
    expect(collector.requests[0]?.body.toString()).toContain('deployment.environment.name')
  })
})

test('the start of a session and what it is asked are traced through gateway and worker', async () => {
  const begun = { traceparent: `00-4af7651916cd43dd8448eb211c80319c-${CALLER.spanId}-01`, prefer: 'wait=30' }
  const started = { language: 'bash', kernel: false }
  const { body } = await post<{ id: string }>(`${platform.url}/v1/sessions`, started, begun)
  const start = await spansOf(
    '4af7651916cd43dd8448eb211c80319c',
    'process sessions',
    'session read',
    'POST /v1/sessions',
  )
  expect(wayUp(start, 'process sessions')).toEqual(['process sessions', 'send sessions', 'POST /v1/sessions', 'caller'])
  const asks = { traceparent: `00-5af7651916cd43dd8448eb211c80319c-${CALLER.spanId}-01`, prefer: 'wait=30' }
  await post(`${platform.url}/v1/sessions/${body.id}/commands`, { shell: 'echo secret' }, asks)
  const route = 'POST /v1/sessions/:id/commands'
  const asked = await spansOf('5af7651916cd43dd8448eb211c80319c', 'session runCommand', route)
  expect(wayUp(asked, 'session runCommand')).toEqual(['session runCommand', route, 'caller'])
  expect(asked.find(({ name }) => name === 'session runCommand')).toMatchObject({
    kind: KIND.consumer,
    service: 'runyard-worker',
    attributes: { 'runyard.session.id': body.id, 'runyard.session.operation': 'runCommand' },
  })
  expect(JSON.stringify(asked)).not.toContain('secret')
  await fetch(`${platform.url}/v1/sessions/${body.id}`, { method: 'DELETE' })
})

test('a request that names no trace begins one, and one that is refused has its status', async () => {
  for (const traceparent of ['', 'nonsense', `00-${'0'.repeat(32)}-${CALLER.spanId}-01`]) {
    await get(`${platform.url}/v1/jobs/nosuch`, traceparent === '' ? {} : { traceparent })
  }
  const found = () => collector.spans.filter(({ name }) => name === 'GET /v1/jobs/:id')
  await eventually('three spans have come', () => found().length >= 3)
  expect(new Set(found().map(({ traceId }) => traceId)).size).toBe(3)
  for (const { parentSpanId, attributes, isFailed } of found()) {
    expect({ parentSpanId, status: attributes['http.response.status_code'], isFailed }).toEqual({
      parentSpanId: '',
      status: 404,
      isFailed: false,
    })
  }
})

test('what a caller does not want sampled is not', async () => {
  const traceId = '1af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${traceId}-${CALLER.spanId}-00`, prefer: 'wait=30' }
  const { status } = await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'true' }, headers)
  expect(status).toBe(200)
  // A later one has arrived.
  const later = '2af7651916cd43dd8448eb211c80319c'
  await get(`${platform.url}/v1/runtimes`, { traceparent: `00-${later}-${CALLER.spanId}-01` })
  await spansOf(later, 'GET /v1/runtimes')
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([])
})

test('an attempt of a webhook that fails is a span that failed, and the next one is of the same trace', async () => {
  const traceId = '3af7651916cd43dd8448eb211c80319c'
  receiver.behave(answering(500), answering(204))
  const before = receiver.requests.length
  await post(
    `${platform.url}/v1/jobs`,
    { language: 'bash', code: 'true', webhook: { url: receiver.url } },
    { traceparent: `00-${traceId}-${CALLER.spanId}-01` },
  )
  await eventually('two deliveries have come', () => receiver.requests.length >= before + 2)
  const attempts = async () => (await spansOf(traceId, 'POST')).filter(({ name }) => name === 'POST')
  await eventually('two attempts are traced', async () => (await attempts()).length >= 2)
  expect((await attempts()).map(({ isFailed }) => isFailed)).toEqual([true, false])
  expect((await attempts())[0]?.attributes).toMatchObject({ 'error.type': '500', 'http.response.status_code': 500 })
})
