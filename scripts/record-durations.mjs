// Writes tests/durations.json from runs of jest, and prints a table of seconds by file.
//   npm run test:integration -- --json --outputFile=/tmp/run.json; node scripts/record-durations.mjs /tmp/run.json...
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const runs = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')).testResults)
const seconds = {}
for (const { name, startTime, endTime } of runs.flat()) {
  const file = relative(root, name)
  seconds[file] = Math.max(seconds[file] ?? 0, Math.round((endTime - startTime) / 1000))
}
const files = Object.keys(seconds).sort()
writeFileSync(
  `${root}/tests/durations.json`,
  `${JSON.stringify(Object.fromEntries(files.map((file) => [file, seconds[file]])), undefined, 2)}\n`,
)
for (const file of files.sort((one, other) => seconds[other] - seconds[one]))
  console.log(`${String(seconds[file]).padStart(5)}  ${file}`)
