import type { Config } from '../config/config.ts'
import type { TraceContext } from './trace-context.ts'

export type Attributes = Record<string, string | number | boolean | undefined>

export interface SpanOptions {
  kind?: 'server' | 'client' | 'producer' | 'consumer'
  /** What it follows from; the current span unless given. */
  parent?: TraceContext | undefined
  attributes?: Attributes
  /** When it began, in ms since 1970; now unless given. */
  startMs?: number
}

export interface Span {
  /** To be handed on to what follows from it elsewhere. */
  readonly context: TraceContext
  readonly traceId: string
  rename: (name: string) => void
  set: (attributes: Attributes) => void
  /** It did not do what it was for. @param type of a small set: a status, the name of an error */
  fail: (type: string) => void
  /** @param ms when, since 1970; now unless given */
  end: (ms?: number) => void
}

/**
 * Traces. Where none are configured there is no such object, and nothing of OpenTelemetry is loaded.
 */
export interface Tracing {
  start: (name: string, options?: SpanOptions) => Span
  /** Does work as part of a span, which is the current one for all that comes of it. */
  within: <T>(span: Span, work: () => T) => T
  /** The same, with a span that begins with the work and ends with it, failed when it throws. */
  run: <T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>) => Promise<T>
  readonly current: Span | undefined
  /** What a log line of the current span tells of it. */
  logFields: () => { trace_id?: string; span_id?: string }
  /** Sends what has not been sent yet, within a few seconds. */
  close: () => Promise<void>
}

/**
 * @param service what this process is called where OTEL_SERVICE_NAME does not say
 * @param exported is told of every try to send, with the error if it failed
 * @returns undefined when no collector is configured
 */
export async function openTracing(
  settings: Config['tracing'],
  service: string,
  exported: (error: Error | undefined) => void,
): Promise<Tracing | undefined> {
  if (!settings) return undefined
  const { createTracing } = await import('./open-telemetry.ts')
  return createTracing(settings, service, exported)
}
