import type { Registry } from 'prom-client'

export interface MetricDescription {
  name: string
  type: string
  labels: string[]
  help: string
}

/** What a register holds, for its documentation. */
export function describeMetrics(register: Registry): MetricDescription[] {
  // prom-client's types keep to themselves what its objects show.
  const all = register.getMetricsAsArray() as unknown as { name: string; help: string; labelNames: readonly string[] }[]
  return all.map((metric) => {
    const { name, help, labelNames } = metric
    return { name, type: metric.constructor.name.toLowerCase(), labels: [...labelNames], help }
  })
}
