// Writes the tables of metrics into docs/metrics.md, from the compiled list of them: `npm run build` comes first.
// A test compares the two; run this when it fails.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { describeMetrics } from '../dist/shared/metrics/describe-metrics.js'
import { createGatewayMetrics } from '../dist/api/metrics/gateway-metrics.js'
import { createWorkerMetrics } from '../dist/worker/metrics/worker-metrics.js'

const file = new URL('../docs/metrics.md', import.meta.url)

const gateway = describeMetrics(createGatewayMetrics({ ofNode: true }).register)
const worker = describeMetrics(createWorkerMetrics({ ofNode: true, slots: 1, runtimes: [] }).register)
const isIn = (list) => (metric) => list.some(({ name }) => name === metric.name)
const isOwn = ({ name }) => name.startsWith('runyard_')
const sections = {
  gateway: gateway.filter(isOwn).filter((metric) => !isIn(worker)(metric)),
  worker: worker.filter(isOwn).filter((metric) => !isIn(gateway)(metric)),
  both: gateway.filter(isOwn).filter(isIn(worker)),
  node: gateway.filter((metric) => !isOwn(metric)),
}

let text = readFileSync(file, 'utf8')
for (const [name, metrics] of Object.entries(sections)) {
  const rows = metrics.map(
    ({ name: metric, type, labels, help }) =>
      `| \`${metric}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  const table = `| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join('\n')}`
  const begin = `<!-- ${name}: begin -->`
  const from = text.indexOf(begin) + begin.length
  text = `${text.slice(0, from)}\n\n${table}\n\n${text.slice(text.indexOf(`<!-- ${name}: end -->`))}`
}
writeFileSync(file, text)
spawnSync('npx', ['prettier', '--write', file.pathname], { stdio: 'inherit' })
