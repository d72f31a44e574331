import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { createCollectorLog } from '../../src/shared/tracing/collector-log.ts'
import { contextOfHeaders, formatTraceparent, parseTraceparent } from '../../src/shared/tracing/trace-context.ts'
import { openTracing } from '../../src/shared/tracing/tracing.ts'
import { eventually } from '../support/eventually.ts'
import { testRoot } from '../support/platform.ts'
import { startCollector } from './collector.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('a traceparent', () => {
  test('is read and written alike', () => {
    const text = `00-${TRACE}-${SPAN}-01`
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true })
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, isSampled: true })).toBe(text)
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)?.isSampled).toBe(false)
    // A version that is not known yet may say more.
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes`)?.traceId).toBe(TRACE)
  })

  test.each([
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-01 `,
    `00-${TRACE}-${SPAN}-01\n`,
  ])('%j is none', (text) => expect(parseTraceparent(text)).toBeUndefined())

  test('comes with the state of others, unless that is too much', () => {
    const traceparent = `00-${TRACE}-${SPAN}-01`
    expect(contextOfHeaders({ traceparent, tracestate: 'a=1' })).toEqual({ traceparent, tracestate: 'a=1' })
    expect(contextOfHeaders({ traceparent, tracestate: ['a=1', 'b=2'] })?.tracestate).toBe('a=1,b=2')
    expect(contextOfHeaders({ traceparent, tracestate: 'x'.repeat(513) })).toEqual({ traceparent })
    expect(contextOfHeaders({ tracestate: 'a=1' })).toBeUndefined()
  })
})

describe('the settings', () => {
  const tracing = (env: Record<string, string>) => loadConfig(testRoot, env).tracing
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }

  test('name the collector, or there are no traces', () => {
    expect(tracing({})).toBeUndefined()
    expect(tracing({ ...on, OTEL_SDK_DISABLED: 'true' })).toBeUndefined()
    expect(tracing(on)).toMatchObject({ url: 'http://localhost:4318/v1/traces', protocol: 'http/protobuf' })
    const own = { ...on, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c.example/otlp' }
    expect(tracing(own)?.url).toBe('https://c.example/otlp')
  })

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT is not a URL'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'file:///x' }, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not a URL'],
    [{ ...on, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'is "grpc"; allowed are http/protobuf, http/json'],
    [{ ...on, OTEL_TRACES_SAMPLER: 'some' }, 'OTEL_TRACES_SAMPLER is "some"; allowed are always_on'],
    [{ ...on, OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG is "2"; allowed is a number from 0 to 1'],
    [{ ...on, OTEL_SDK_DISABLED: 'yes' }, 'OTEL_SDK_DISABLED is "yes"; allowed are true, false'],
    [{ ...on, OTEL_RESOURCE_ATTRIBUTES: 'a' }, 'OTEL_RESOURCE_ATTRIBUTES must be pairs'],
  ])('%j are refused', (env, message) => expect(() => tracing(env)).toThrow(message))

  test('that may hold secrets are not told when they are malformed', () => {
    const fault = () => tracing({ ...on, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=%E0zq7-secret' })
    expect(fault).toThrow('OTEL_EXPORTER_OTLP_HEADERS must be pairs')
    expect(fault).not.toThrow('zq7-secret')
  })
})

test('without a collector nothing of the OpenTelemetry SDK is loaded', () => {
  const load = (endpoint: string) => {
    const script = `
      import { createRequire } from 'node:module'
      import { loadConfig } from './dist/shared/config/config.js'
      import { openTracing } from './dist/shared/tracing/tracing.js'
      import './dist/api/start.js'
      import './dist/worker/start.js'
      const { tracing } = loadConfig(process.cwd(), { OTEL_EXPORTER_OTLP_ENDPOINT: '${endpoint}' })
      await openTracing(tracing, 'x', () => undefined)
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      console.log(loaded.filter((path) => /@opentelemetry.(sdk|otlp|exporter|resources)/.test(path)).length)
      process.exit()`
    const { stdout, stderr } = spawnSync('node', ['--input-type=module', '--eval', script], {
      cwd: testRoot,
      encoding: 'utf8',
    })
    return { stderr, modules: Number(stdout) }
  }
  expect(load('')).toEqual({ stderr: '', modules: 0 })
  expect(load('http://127.0.0.1:1').modules).toBeGreaterThan(10)
})

test('traces go as protobuf too, and those that are left are sent at the end', async () => {
  const collector = await startCollector()
  const { tracing: settings } = loadConfig(testRoot, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SERVICE_NAME: 'own-name',
  })
  const told: (Error | undefined)[] = []
  const tracing = await openTracing(settings, 'x', (error) => told.push(error))
  await tracing?.run('work', {}, async (span) => span.set({ 'some.attribute': 'some value' }))
  await tracing?.close()
  await collector.close()
  expect(told).toEqual([undefined])
  const [request] = collector.requests
  expect(request?.headers['content-type']).toBe('application/x-protobuf')
  for (const text of ['own-name', 'work', 'some value']) expect(request?.body.includes(text)).toBe(true)
})

test('a collector that is away is logged once, and once when it is back', () => {
  const logged: string[] = []
  const log = pino(
    { level: 'info' },
    { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) },
  )
  const tell = createCollectorLog(() => log)
  for (const error of [undefined, new Error('x'), new Error('x'), undefined, undefined, new Error('x')]) tell(error)
  expect(logged).toEqual(['traces cannot be sent', 'traces can be sent again', 'traces cannot be sent'])
})

test('a collector that is away holds up neither the work nor the end', async () => {
  const { tracing: settings } = loadConfig(testRoot, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
  const told: (Error | undefined)[] = []
  const tracing = await openTracing(settings, 'x', (error) => told.push(error))
  expect(await tracing?.run('work', {}, async () => 'done')).toBe('done')
  await expect(tracing?.run('work', {}, () => Promise.reject(new TypeError('own')))).rejects.toThrow('own')
  const begun = performance.now()
  await tracing?.close()
  expect(performance.now() - begun).toBeLessThan(8000)
})

test('a gateway sends what it has not sent yet before it ends, and its log names the traces', async () => {
  const collector = await startCollector()
  const env = {
    ...process.env,
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'] ?? '',
    RUNYARD_NAMESPACE: `test-${randomBytes(4).toString('hex')}`,
    PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  }
  const gateway = spawn('node', ['dist/api/main.js'], { cwd: testRoot, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  gateway.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const lines = () =>
    text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const readyLine = () => lines().find(({ msg }) => msg === 'gateway ready')
  await eventually('the gateway says that it is ready', () => readyLine())
  await fetch(`${String(readyLine()?.['url'])}/healthz`, { headers: { traceparent: `00-${TRACE}-${SPAN}-01` } })
  gateway.kill('SIGTERM')
  const [code] = (await once(gateway, 'exit')) as [number]
  await collector.close()
  expect(code).toBe(0)
  expect(collector.spans).toMatchObject([
    { service: 'runyard-gateway', name: 'GET /healthz', traceId: TRACE, parentSpanId: SPAN },
  ])
  expect(lines().find(({ msg }) => msg === 'request')).toMatchObject({ trace_id: TRACE })
  expect(readyLine()).not.toHaveProperty('trace_id')
})
