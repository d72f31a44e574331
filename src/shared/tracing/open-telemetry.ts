import { AsyncLocalStorage } from 'node:async_hooks'
import * as api from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Config } from '../config/config.ts'
import { SECOND } from '../limits.ts'
import { formatTraceparent, parseTraceparent, type TraceContext } from './trace-context.ts'
import type { Attributes, Span, SpanOptions, Tracing } from './tracing.ts'

/** The one file that knows OpenTelemetry. It is loaded only when traces are configured. */

type TracingSettings = NonNullable<Config['tracing']>

const KINDS = {
  server: api.SpanKind.SERVER,
  client: api.SpanKind.CLIENT,
  producer: api.SpanKind.PRODUCER,
  consumer: api.SpanKind.CONSUMER,
}
const CLOSE_TIMEOUT_MS = 5 * SECOND

export async function createTracing(
  settings: TracingSettings,
  service: string,
  exported: (error: Error | undefined) => void,
): Promise<Tracing> {
  const exporter = telling(await openExporter(settings), exported)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': settings.serviceName ?? service, ...settings.resource }),
    sampler: samplerOf(settings.sampler),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: settings.delayMs })],
  })
  const tracer = provider.getTracer('runyard')
  const storage = new AsyncLocalStorage<Span>()

  const start = (name: string, options: SpanOptions = {}): Span => {
    const { kind, attributes = {}, startMs } = options
    const parent = 'parent' in options ? options.parent : storage.getStore()?.context
    const span = tracer.startSpan(
      name,
      {
        kind: kind ? KINDS[kind] : api.SpanKind.INTERNAL,
        attributes: given(attributes),
        ...(startMs !== undefined && { startTime: startMs }),
      },
      remoteContext(parent),
    )
    return wrap(span)
  }
  const run = async <T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> => {
    const span = start(name, options)
    try {
      return await storage.run(span, () => work(span))
    } catch (error) {
      span.fail((error as Error).name)
      throw error
    } finally {
      span.end()
    }
  }
  return {
    start,
    within: (span, work) => storage.run(span, work),
    run,
    get current() {
      return storage.getStore()
    },
    logFields() {
      const span = storage.getStore()
      const ids = span && parseTraceparent(span.context.traceparent)
      return ids ? { trace_id: ids.traceId, span_id: ids.spanId } : {}
    },
    async close() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)))
      await Promise.race([provider.shutdown().catch(() => undefined), late]).finally(() => clearTimeout(timer))
    },
  }
}

function wrap(span: api.Span): Span {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const isSampled = (traceFlags & api.TraceFlags.SAMPLED) !== 0
  const tracestate = traceState?.serialize() ?? ''
  return {
    context: { traceparent: formatTraceparent({ traceId, spanId, isSampled }), ...(tracestate && { tracestate }) },
    traceId,
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes(given(attributes)),
    fail(type) {
      span.setAttribute('error.type', type)
      span.setStatus({ code: api.SpanStatusCode.ERROR })
    },
    end: (ms) => span.end(ms),
  }
}

/** Attributes that have a value. */
function given(attributes: Attributes): api.Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as api.Attributes
}

function remoteContext(context: TraceContext | undefined): api.Context {
  const ids = context && parseTraceparent(context.traceparent)
  if (!ids) return api.ROOT_CONTEXT
  const { traceId, spanId, isSampled } = ids
  return api.trace.setSpanContext(api.ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE,
    isRemote: true,
    ...(context.tracestate !== undefined && { traceState: api.createTraceState(context.tracestate) }),
  })
}

async function openExporter({ protocol, url, headers }: TracingSettings): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await (protocol === 'http/json'
    ? import('@opentelemetry/exporter-trace-otlp-http')
    : import('@opentelemetry/exporter-trace-otlp-proto'))
  return new OTLPTraceExporter({ url, headers })
}

/** An exporter that tells of what became of each try. */
function telling(exporter: SpanExporter, exported: (error: Error | undefined) => void): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        exported(result.code === 0 ? undefined : (result.error ?? new Error('the collector took no traces')))
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

function samplerOf({ name, ratio }: TracingSettings['sampler']): Sampler {
  const root = name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(ratio)
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new AlwaysOnSampler()
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}
