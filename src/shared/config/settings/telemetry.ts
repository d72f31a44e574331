import { MAX_TIMER_MS } from '../../limits.ts'
import { inGroup, integer, optionalPort, type Setting, string } from './setting.ts'

/** What OpenTelemetry calls its ways to choose traces. */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

export const LOGS_SETTINGS: readonly Setting[] = inGroup('Logs', [
  {
    name: 'LOG_LEVEL',
    kind: { type: 'choice', of: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] },
    default: 'info',
    description: 'Lowest severity that is written, as one JSON object per line on standard output.',
  },
])

export const METRICS_SETTINGS: readonly Setting[] = inGroup('Metrics', [
  {
    name: 'METRICS_PORT',
    kind: optionalPort,
    default: '',
    description: 'Port on which the gateway serves `/metrics` without a key, instead of on `PORT`. Empty: none.',
  },
  {
    name: 'WORKER_METRICS_PORT',
    kind: optionalPort,
    default: '',
    description: 'Port on which a worker serves its `/metrics`, without a key. Empty: none.',
  },
  {
    name: 'METRICS_HOST',
    kind: string,
    default: '127.0.0.1',
    description: 'Address of those two ports. Everybody who reaches it can read the metrics.',
  },
])

export const TRACES_SETTINGS: readonly Setting[] = inGroup('Traces', [
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: string,
    default: '',
    description:
      'Collector that gets traces by OTLP over HTTP, e.g. `http://localhost:4318`; `/v1/traces` is added. Empty: no traces.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    kind: string,
    default: '',
    description: 'The same as a complete URL, used instead.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    kind: { type: 'choice', of: ['http/protobuf', 'http/json'] },
    default: 'http/protobuf',
    description: 'How traces are encoded.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    kind: string,
    default: '',
    description: 'Headers for the collector: `name=value,other=value`, percent-encoded.',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    kind: string,
    default: '',
    description: 'Name of the service in traces. Empty: `runyard-gateway` and `runyard-worker`.',
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    kind: string,
    default: '',
    description: 'More attributes of the process in traces: `name=value,other=value`, percent-encoded.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    kind: { type: 'choice', of: SAMPLERS },
    default: 'parentbased_always_on',
    description: 'Which traces are kept. `parentbased_...`: where a caller names a trace, the caller decides.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    kind: string,
    default: '',
    description: 'Share of the traces that `..._traceidratio` keeps: 0 to 1. Empty: 1.',
  },
  {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    kind: integer(1, MAX_TIMER_MS),
    default: '5000',
    description: 'How often traces are sent, in ms.',
  },
  {
    name: 'OTEL_SDK_DISABLED',
    kind: { type: 'choice', of: ['true', 'false'] },
    default: 'false',
    description: '`true`: no traces, whatever the other settings say.',
  },
])
