// Checks the types of every project. What did not change since the last time is not read again: a few seconds instead of
// half a minute.
//   node scripts/check-types.mjs [FOLDERS OF PROJECTS...]
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECTS = ['.', 'src/pages', 'src/client', 'tests/pages']
const root = dirname(dirname(fileURLToPath(import.meta.url)))

const asked = process.argv.slice(2)
for (const project of asked.length > 0 ? asked : PROJECTS) {
  const known = join('node_modules/.cache/types', `${project.replaceAll(/\W/g, '-')}.tsbuildinfo`)
  const args = ['--noEmit', '--project', project, '--incremental', '--tsBuildInfoFile', known]
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
