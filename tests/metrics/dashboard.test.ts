import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createGatewayMetrics, type GatewayMetricsOptions } from '../../src/api/metrics/gateway-metrics.ts'
import { describeMetrics } from '../../src/shared/metrics/describe-metrics.ts'
import { createWorkerMetrics, type WorkerSources } from '../../src/worker/metrics/worker-metrics.ts'
import { testRoot } from '../support/platform.ts'
import { readDoc } from '../docs/tables.ts'
import { promtool } from './promtool.ts'
import { metricsOf, queries } from './queries.ts'

const described = new Map(
  [
    createGatewayMetrics({ ofNode: true } as GatewayMetricsOptions).register,
    createWorkerMetrics({ ofNode: true, slots: 1, runtimes: [] as readonly string[] } as WorkerSources).register,
  ].flatMap((register) => describeMetrics(register).map((metric) => [metric.name, metric])),
)
/** What Prometheus adds, and histograms have. */
const COMMON = ['job', 'instance', 'le']

test('the dashboard is what its script writes (node scripts/grafana-dashboard.mjs)', () => {
  const { status } = spawnSync('node', ['scripts/grafana-dashboard.mjs', '--check'], { cwd: testRoot })
  expect(status).toBe(0)
})

test('every query of the dashboard is one that Prometheus can read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-dashboard-'))
  const rules = queries().map(({ expr }, index) => ({
    record: `query_${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }))
  const file = join(folder, 'queries.json')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
  const { status, output } = promtool(['check', 'rules', file])
  rmSync(folder, { recursive: true })
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining(`${rules.length} rules`) as unknown })
})

test('queries ask for metrics and labels that there are', () => {
  const all = queries()
  expect(all.length).toBeGreaterThan(70)
  for (const { where, expr } of all) {
    const asked = metricsOf(expr)
    const unknown = asked.filter(({ name, labels }) => {
      const metric = described.get(name)
      return !metric || labels.some((label) => ![...COMMON, ...metric.labels].includes(label))
    })
    expect({ where, unknown }).toEqual({ where, unknown: [] })
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/))
    const known = [...COMMON, ...asked.flatMap(({ name }) => described.get(name)?.labels ?? [])]
    expect({ where, strange: grouped.filter((label) => !known.includes(label)) }).toEqual({ where, strange: [] })
  }
})

test('the dashboard shows every metric of Runyard’s own, by its name of today', () => {
  const shown = new Set(queries().flatMap(({ expr }) => metricsOf(expr).map(({ name }) => name)))
  const own = [...described.values()]
    .filter(({ name, help }) => name.startsWith('runyard_') && !help.startsWith('Former name of '))
    .map(({ name }) => name)
  expect(own.filter((name) => !shown.has(name))).toEqual([])
})

test('panels lie in a grid, none over another', () => {
  const { panels } = JSON.parse(readDoc('deploy/grafana/runyard.json')) as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[]
  }
  const taken = new Set<string>()
  for (const { gridPos } of panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken).not.toContain(`${x} ${y}`)
        taken.add(`${x} ${y}`)
      }
    }
  }
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
})
