import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'
import { SandboxBroken } from '../../src/worker/sandbox/sandbox.ts'
import { createBench } from './init-harness.ts'

const bench = createBench('test-lying-init')
afterAll(() => bench.close())

const WANTED = { globs: ['*'], maxBytes: 1_000_000, maxFiles: 10 }
const lying = (lie: string) => {
  const script = join(packageRoot(), 'tests/sandbox/lying-init.py')
  const entrypoint = ['python3', '/lying-init.py', lie]
  return bench.make({ instead: { entrypoint, binds: [`${script}:/lying-init.py:ro`] } })
}

test('a worker believes an init that keeps to the protocol', async () => {
  const sandbox = await lying('honest')
  sandbox.begin(1_000_000)
  expect((await sandbox.gather(WANTED)).files).toEqual([])
  await sandbox.end()
})

test.each([
  'bytes without end',
  'files without end',
  'forgotten files without end',
  'pieces of nothing without end',
  'a path that leads out',
  'an absolute path',
  'a path that spoils a line',
  'output of no stage',
  'a report of no stage',
  'that the job is gone',
  'that it is ready again',
  'a list that is none',
])('a worker that is told %s ends the sandbox', async (lie) => {
  const sandbox = await lying(lie)
  sandbox.begin(1_000_000)
  await expect(sandbox.gather(WANTED)).rejects.toThrow(SandboxBroken)
  await sandbox.gone
})

test('a worker that is told of two ends ends the sandbox', async () => {
  const sandbox = await lying('two ends')
  sandbox.begin(1_000_000)
  await sandbox.gather(WANTED)
  await sandbox.gone
})
