import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { testRoot } from '../support/platform.ts'
import { readDoc } from '../docs/tables.ts'
import { ALERT_CASES } from './alert-cases.ts'
import { promtool } from './promtool.ts'

const RULES = join(testRoot, 'deploy/prometheus/alerts.yml')
const text = readDoc('deploy/prometheus/alerts.yml')
const alerts = [...text.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name)

const folder = mkdtempSync(join(tmpdir(), 'runyard-alerts-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('Prometheus takes the rules and the example of its configuration', () => {
  for (const args of [
    ['check', 'rules', RULES],
    ['check', 'config', join(testRoot, 'deploy/prometheus/prometheus.yml')],
  ]) {
    const { status, output } = promtool(args)
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') as unknown })
  }
})

describe('after a history that is given', () => {
  test('there is one for each alert', () => expect(alerts.toSorted()).toEqual(Object.keys(ALERT_CASES).toSorted()))

  test.each(Object.entries(ALERT_CASES))('%s fires, and after another it does not', (alertname, alert) => {
    const { fires, quiet, at, labels, summary } = alert
    const runbook = `docs/operations.md#${alertname.toLowerCase()}`
    const expected = { exp_labels: labels, exp_annotations: { summary, runbook } }
    const history = (series: Record<string, string>, exp_alerts: unknown[]) => ({
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [{ eval_time: at, alertname, exp_alerts }],
    })
    const tests = [history(fires, [expected]), history(quiet, [])]
    // JSON is YAML.
    const file = join(folder, `${alertname}.json`)
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }))
    const { status, output } = promtool(['test', 'rules', file])
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') as unknown })
  })
})

test('docs/operations.md tells of every alert, and of no other', () => {
  const section = readDoc('docs/operations.md').split('\n## Alerts\n')[1]?.split('\n## ')[0] ?? ''
  const told = [...section.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
  expect(told).toEqual(alerts)
})

test('every alert leads to its section', () => {
  const runbooks = [...text.matchAll(/^ +runbook: (\S+)$/gm)].map(([, link]) => link)
  expect(runbooks).toEqual(alerts.map((name) => `docs/operations.md#${name.toLowerCase()}`))
})
