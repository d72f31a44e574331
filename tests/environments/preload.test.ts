import { mkdtemp, rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { runJob, stageOf } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPackageIndex, type TestIndex, wheel } from '../support/package-index.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const PACKAGES = ['ahead', 'loud', 'broken', 'leaving']

let index: TestIndex
let platform: TestPlatform
let data: string
let lab: { authorization: string }
let other: { authorization: string }
beforeAll(async () => {
  index = await startPackageIndex()
  data = await mkdtemp('/tmp/ry-pre-')
  platform = await startPlatform({
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_PYPI: index.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    PACKAGE_PRELOAD: ['loud', 'broken', 'leaving', 'absent', 'ahead.inner'].map((name) => `lab/python/${name}`).join(),
  })
  lab = await makeKey(platform, 'lab')
  other = await makeKey(platform, 'other')
  const files = {
    ahead: 'import os\nPID = os.getpid()\n',
    loud: 'import os, sys\nprint("loud", end="")\nos.write(2, b"loud")\nLINE = sys.stdin.readline()\n',
    broken: '1 / 0\n',
    leaving: 'raise SystemExit(3)\n',
  }
  for (const [name, content] of Object.entries(files)) {
    const inner: [string, string] = [`${name}/inner.py`, '']
    index.add(wheel(name, '1.0', [[`${name}/__init__.py`, content], inner]))
  }
})
afterAll(async () => {
  await platform.close()
  await index.close()
  await rm(data, { recursive: true, force: true })
})

async function run(key: { authorization: string }, code: string, more: object = {}): Promise<Job> {
  const request = { language: 'python', code, dependencies: PACKAGES, ...more }
  return runJob(platform.url, request, key)
}
const LOADED = `import sys
print(sorted(name for name in sys.modules if name.split('.')[0] in ${JSON.stringify(PACKAGES)}))
`
const loaded = async (...asked: Parameters<typeof run>) => stageOf(await run(...asked)).stdout
const ALL = "['ahead', 'ahead.inner', 'loud']\n"
/** The interpreter that waits is told of its job whenever that comes, also while it still imports. */
const preloaded = (code: string) =>
  eventually(
    'a job finds its modules imported',
    async () => {
      const job = await run(lab, `${LOADED}${code}`)
      const { stdout } = stageOf(job)
      return stdout.startsWith(ALL) ? { job, stdout: stdout.slice(ALL.length) } : undefined
    },
    60_000,
  )

test('a job finds imported what the operator has imported ahead for its tenant', async () => {
  const { job, stdout } = await preloaded('import ahead, os; print(ahead.PID == os.getpid())')
  expect(job.status).toBe('succeeded')
  expect(stdout).toBe('True\n')
})

/** Prints first whether its interpreter was there well before the program. */
const WAITED = `import os, time
def waited():
    started = int(open('/proc/self/stat').read().rsplit(')')[1].split()[19]) / os.sysconf('SC_CLK_TCK')
    written = time.clock_gettime(time.CLOCK_BOOTTIME) - time.time() + os.stat(__file__).st_ctime
    return started < written - 0.05
print('waited' if waited() else 'started')
`
/** What jobs find imported, all of them, until one ran in an interpreter that had waited. */
async function foundUntilOneWaited(key: { authorization: string }, more: object): Promise<string[]> {
  const all = new Set<string>()
  await eventually(
    'a job runs in an interpreter that waited',
    async () => {
      const { stages } = await run(key, `${WAITED}${LOADED}`, more)
      const lines = stages.map(({ stdout }) => stdout.split('\n'))
      for (const [, found = 'nothing'] of lines) all.add(found)
      return lines.some(([how]) => how === 'waited')
    },
    60_000,
  )
  return [...all]
}

test('nobody else does, nor a job without packages, nor one with tests', async () => {
  await preloaded('')
  expect(await foundUntilOneWaited(other, {})).toEqual(['[]'])
  expect(await foundUntilOneWaited(lab, { dependencies: [] })).toEqual(['[]'])
  const tests = [{ expectedOutput: '[]' }, { expectedOutput: '[]' }]
  expect(await foundUntilOneWaited(lab, { tests })).toEqual(['[]'])
})

test('a job with several files, or with variables, has an interpreter of its own, which imported nothing', async () => {
  const code = `${WAITED}${LOADED}`
  const files = Object.entries({ 'main.py': code, 'other.py': '' }).map(([path, content]) => ({ path, content }))
  for (const more of [{ code: undefined, files, entrypoint: 'main.py' }, { env: { KEY: 'value' } }]) {
    await preloaded('')
    const { stdout } = stageOf(await run(lab, code, more))
    expect(stdout).toBe('started\n[]\n')
  }
})

test('what they print is not the job’s, and they read nothing of its input', async () => {
  const { job, stdout } = await preloaded('import loud; print(repr(loud.LINE), repr(sys.stdin.read()))')
  expect(stdout).toBe("'' ''\n")
  expect(stageOf(job).stderr).toBe('')
})

test('what cannot be imported fails where the program imports it, as ever', async () => {
  const { job } = await preloaded('import broken')
  expect(stageOf(job).stderr).toMatch(
    /^Traceback.*\n {2}File "\/job\/\.?\/?main\.py", line 3, in <module>\n.*File "\/environment\/broken\/__init__\.py".*ZeroDivisionError/s,
  )
  expect(stageOf((await preloaded('import leaving')).job).exitCode).toBe(3)
})

test('the interpreter looks as ever otherwise', async () => {
  const look = `import threading
print(sys.argv, sys.orig_argv, sys._xoptions, sys.path, sys.flags, threading.active_count())
print([one for one in sys.modules if 'runyard' in one], sys.stdout, sys.stdin, sys.exc_info())
print(__name__, __file__, sorted(globals()))
`
  const { stdout } = await preloaded(look)
  const plain = await loaded(other, `${LOADED}${look}`)
  expect(stdout).toBe(plain.slice('[]\n'.length))
})
