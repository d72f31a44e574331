// npm run test:python: what the Python client needs a package index or other versions of Python for. Types, by a pinned mypy, of the
// sources and of a program that uses the installed wheel; and the tests that need no service, by every Python that is here.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'
import { buildWheel, installWheel, pipPath } from '../support/python-package.ts'

const OLDEST_MINOR = 9
const NEWEST_MINOR = 15
const WITHOUT_SERVICE = ['tests.test_parts', 'tests.test_connections', 'tests.test_webhooks']

const sources = join(packageRoot(), 'clients/python')
const folder = mkdtempSync(join(tmpdir(), 'runyard-python-'))
let failed = 0

/** Runs a command that has to succeed, and shows what it writes. */
function hold(title: string, [command = '', ...args]: string[], cwd: string, env: NodeJS.ProcessEnv = {}): void {
  console.log(`> ${title}`)
  const { status, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: 'inherit',
  })
  if (status === 0) return
  failed += 1
  console.log(`failed: ${title}: ${error?.message ?? `exit code ${status}`}`)
}

try {
  const wheel = await buildWheel(folder)
  const python = await installWheel(folder, wheel)
  hold('mypy, pinned', [python, await pipPath(), 'install', '--quiet', '-r', 'requirements-dev.txt'], sources)
  hold('types of the package', [python, '-m', 'mypy'], sources)
  copyFileSync(join(sources, 'tests/typed.py'), join(folder, 'typed.py'))
  hold('types of a program that uses it', [python, '-m', 'mypy', '--strict', 'typed.py'], folder)
  const versions = Array.from(
    { length: NEWEST_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${OLDEST_MINOR + index}`,
  )
  const here = versions.filter((name) => spawnSync(name, ['--version']).status === 0)
  for (const name of ['python3', ...here]) {
    const test = [name, '-W', 'error', '-m', 'unittest', ...WITHOUT_SERVICE]
    hold(`tests without a service, ${name}`, test, sources, { PYTHONPATH: join(sources, 'src') })
  }
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = failed === 0 ? 0 : 1
