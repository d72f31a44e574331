/** Where traces go, and which. */
export interface TracingSettings {
  /** Of the collector's traces, e.g. `http://localhost:4318/v1/traces`. */
  url: string
  protocol: 'http/json' | 'http/protobuf'
  headers: Record<string, string>
  /** Undefined: each kind of process has its own. */
  serviceName: string | undefined
  resource: Record<string, string>
  /** Between two sendings. */
  delayMs: number
  sampler: { name: string; /** Of `traceidratio`. */ ratio: number }
}

/**
 * The variables of OpenTelemetry that count here, as its specification has them.
 * @param text the value of a setting, empty where it is not set
 * @returns undefined when no collector is named, or traces are switched off
 * @param refuse throws, with a text that names the setting and what is allowed
 */
export function tracingSettings(
  text: (name: string) => string,
  refuse: (message: string) => never,
): TracingSettings | undefined {
  const base = text('OTEL_EXPORTER_OTLP_ENDPOINT')
  const own = text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  if ((base === '' && own === '') || text('OTEL_SDK_DISABLED') === 'true') return undefined
  const name = own === '' ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
  const url = own === '' ? `${base.replace(/\/$/, '')}/v1/traces` : own
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    return refuse(`${name} is not a URL that begins with https:// or http://`)
  }
  const ratio = text('OTEL_TRACES_SAMPLER_ARG') === '' ? 1 : Number(text('OTEL_TRACES_SAMPLER_ARG'))
  if (!(ratio >= 0 && ratio <= 1)) {
    return refuse(`OTEL_TRACES_SAMPLER_ARG is "${text('OTEL_TRACES_SAMPLER_ARG')}"; allowed is a number from 0 to 1`)
  }
  const pairsOf = (setting: string) =>
    pairs(text(setting)) ?? refuse(`${setting} must be pairs as in "name=value,other=value", percent-encoded`)
  return {
    url,
    protocol: text('OTEL_EXPORTER_OTLP_PROTOCOL') as TracingSettings['protocol'],
    headers: pairsOf('OTEL_EXPORTER_OTLP_HEADERS'),
    serviceName: text('OTEL_SERVICE_NAME') || undefined,
    resource: pairsOf('OTEL_RESOURCE_ATTRIBUTES'),
    delayMs: Number(text('OTEL_BSP_SCHEDULE_DELAY')),
    sampler: { name: text('OTEL_TRACES_SAMPLER'), ratio },
  }
}

/** Reads `a=1,b=2`, percent-encoded. @returns undefined when it is something else */
function pairs(list: string): Record<string, string> | undefined {
  const items = list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  const found = items.map(
    (item) =>
      /^([^=]+)=(.*)$/
        .exec(item)
        ?.slice(1)
        .map((part) => part.trim()) ?? [],
  )
  if (found.some((pair) => pair.length !== 2)) return undefined
  try {
    return Object.fromEntries(found.map(([name = '', value = '']) => [name, decodeURIComponent(value)]))
  } catch {
    return undefined
  }
}
