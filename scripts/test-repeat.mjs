// Runs the tests several times beside two processes that spin, and prints a table: a test that fails by chance shows here.
//   npm run test:repeat -- [TIMES] [ARGUMENTS OF JEST...]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SPINNING = 2
const [first, ...others] = process.argv.slice(2)
const times = /^\d+$/.test(first ?? '') ? Number(first) : 5
const args = /^\d+$/.test(first ?? '') ? others : process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = mkdtempSync(join(tmpdir(), 'runyard-repeat-'))
// None goes on behind a run that was killed.
const spin = `while (process.ppid === ${process.pid});`
const spinners = Array.from({ length: SPINNING }, () => spawn(process.execPath, ['-e', spin], { stdio: 'ignore' }))
const rows = []
try {
  for (let run = 1; run <= times; run++) {
    const report = join(folder, `${run}.json`)
    const began = performance.now()
    const command = ['run', '--silent', 'test:jest', '--', '--json', `--outputFile=${report}`, ...args]
    const { status } = spawnSync('npm', command, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    const { numPassedTests, testResults } = existsSync(report)
      ? JSON.parse(readFileSync(report, 'utf8'))
      : { numPassedTests: 0, testResults: [{ name: 'jest', message: `exit code ${status}`, assertionResults: [] }] }
    const failed = testResults.flatMap(({ name, message, assertionResults }) => {
      const titles = assertionResults.filter((one) => one.status === 'failed').map(({ fullName }) => fullName)
      return titles.length > 0 ? titles : message === '' ? [] : [name]
    })
    if (status !== 0) process.exitCode = 1
    rows.push({
      run,
      seconds: Math.round((performance.now() - began) / 1000),
      passed: numPassedTests,
      failed: failed.length,
    })
    for (const title of failed) console.log(`run ${run} failed: ${title}`)
  }
} finally {
  for (const spinner of spinners) spinner.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
console.table(rows)
