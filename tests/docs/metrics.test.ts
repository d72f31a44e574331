import { expect, test } from '@jest/globals'
import { createGatewayMetrics, type GatewayMetricsOptions } from '../../src/api/metrics/gateway-metrics.ts'
import { describeMetrics } from '../../src/shared/metrics/describe-metrics.ts'
import { createWorkerMetrics, type WorkerSources } from '../../src/worker/metrics/worker-metrics.ts'
import { readDoc, tableRows, uncoded } from './tables.ts'

// What they read from is asked only when somebody scrapes.
const gateway = describeMetrics(createGatewayMetrics({ ofNode: true } as GatewayMetricsOptions).register)
const worker = describeMetrics(
  createWorkerMetrics({ ofNode: true, slots: 1, runtimes: ['python'] as readonly string[] } as WorkerSources).register,
)

const text = readDoc('docs/metrics.md')
const section = (name: string) => text.split(`<!-- ${name}: begin -->`)[1]?.split(`<!-- ${name}: end -->`)[0] ?? ''
const told = (...names: string[]) =>
  names
    .flatMap((name) => tableRows(section(name)))
    .map(([name = '', type, labels = '', help]) => `${uncoded(name)} ${type} ${uncoded(labels)} ${help}`)
    .toSorted()
const lines = (metrics: typeof gateway) =>
  metrics.map(({ name, type, labels, help }) => `${name} ${type} ${labels.join(', ')} ${help}`).toSorted()

test('docs/metrics.md has every metric of the gateway, and no other (node scripts/metrics-table.mjs writes it)', () =>
  expect(told('gateway', 'both', 'node')).toEqual(lines(gateway)))

test('docs/metrics.md has every metric of a worker, and no other', () =>
  expect(told('worker', 'both', 'node')).toEqual(lines(worker)))

test('docs/metrics.md tells the values of every label', () => {
  const explained = tableRows(text.split('## Labels')[1]?.split('\n## ')[0] ?? '').map(([name = '']) => uncoded(name))
  const used = [...gateway, ...worker].filter(({ name }) => name.startsWith('runyard_')).flatMap(({ labels }) => labels)
  expect(explained.toSorted()).toEqual([...new Set(used)].toSorted())
})
