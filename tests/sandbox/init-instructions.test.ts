import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { KIB, MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { encodeBegin, encodePrewarm, encodeStart, encodeWriteFile } from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import { eventually } from '../support/eventually.ts'
import { AT_A_FIFO, sleepers } from '../support/processes.ts'
import { type Bench, createBench, python, stage, STAGE } from './init-harness.ts'

const run = promisify(execFile)
const sandboxFolder = join(packageRoot(), 'sandbox')
/** Counts nanoseconds of CPU time where others count instructions: few machines that run tests have a counter of those. */
let counting: Bench
beforeAll(async () => {
  await run('make', ['--silent', '-C', sandboxFolder, 'counting'])
  counting = createBench('test-init-instructions', { build: join(sandboxFolder, 'build/init-counting') })
})
afterAll(() => counting.close())

const spin = (seconds: number) => `import time\nwhile time.process_time() < ${seconds}: pass\n`
/** What was counted, for each microsecond of CPU time: a little less than 1, since the way to the program is not counted. */
const part = ({ instructions, cpuUs }: { instructions: number | null; cpuUs: number }) =>
  (instructions ?? NaN) / 1000 / cpuUs

test('those of all processes of a stage are counted, whoever started them, and of that stage alone', async () => {
  const sandbox = await counting.shared()
  sandbox.begin(MIB)
  // The grandchild belongs to nobody and holds the pipe, whose end the first process waits for.
  const family = `${spin(0.3)}
import os, sys
r, w = os.pipe()
os.set_inheritable(w, True)
if os.fork() == 0:
    os.setsid()
    if os.fork() > 0: os._exit(0)
    os.execvp('python3', ['python3', '-c', ${JSON.stringify(spin(1))}])
os.wait()
os.close(w)
os.read(r, 1)`
  const many = await stage(sandbox, python(family))
  const threads = await stage(
    sandbox,
    python(`import hashlib, threading\nwork = lambda: hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2_000_000)
all = [threading.Thread(target=work) for _ in range(2)]\nfor one in all: one.start()\nfor one in all: one.join()`),
  )
  const small = await stage(sandbox, 'exit 0')
  const missing = await stage(sandbox, ['/no/such/program'])
  await sandbox.end()
  expect(many).toMatchObject({ reason: 'exit', exitCode: 0, stderr: '' })
  expect(many.cpuUs).toBeGreaterThan(1_300_000)
  for (const report of [many, threads]) {
    expect(part(report)).toBeGreaterThan(0.8)
    // Two clocks of the kernel, which a busy machine parts by some hundredths; another stage would be half as much again.
    expect(part(report)).toBeLessThan(1.2)
  }
  expect(small.instructions).toBeGreaterThan(0)
  expect(small.instructions).toBeLessThan((many.instructions ?? 0) / 10)
  expect(missing).toMatchObject({ reason: 'start', instructions: null })
})

test('of a launcher those count that it executes for its job', async () => {
  const raw = await counting.attach()
  await raw.skipTo(FRAME.READY)
  const word = 'test-instructions-launcher'
  const start = { ...STAGE, args: ['python3', '-c', `${spin(1)}exec(open('./main.py').read())`, word] }
  raw.send(encodePrewarm('main.py', start, true))
  await eventually('the launcher waits at its file', () => Promise.resolve(sleepers(AT_A_FIFO, word) > 0))
  raw.send(
    encodeBegin({ bytes: 8 * MIB, inodes: 4 * KIB, prewarmed: true }),
    ...encodeWriteFile('main.py', 0o644, spin(1.5)),
    encodeStart(start),
  )
  const report = await raw.report()
  await raw.quit()
  expect(report).toMatchObject({ reason: 'exit', exitCode: 0 })
  expect(report.cpuUs).toBeLessThan(900_000)
  expect(part(report)).toBeGreaterThan(0.8)
  expect(part(report)).toBeLessThan(1.2)
})

test('a machine without a counter of them counts none, and runs programs all the same', async () => {
  // Of the sources as they are, where they stand in no other build's way, with an event that no kernel knows.
  const folder = await mkdtemp(join(tmpdir(), 'runyard-test-instructions-'))
  const bench = createBench('test-init-instructions-none', { build: join(folder, 'build/init') })
  try {
    for (const name of await readdir(sandboxFolder))
      if (/\.[ch]$|^Makefile$/.test(name)) await copyFile(join(sandboxFolder, name), join(folder, name))
    const event = '-DCOUNTED_TYPE=PERF_TYPE_SOFTWARE -DCOUNTED_CONFIG=PERF_COUNT_SW_MAX'
    await run('make', ['--silent', '-C', folder, 'build/init', `CC=gcc ${event}`])
    expect(await bench.run(python(spin(0.05)))).toMatchObject({ reason: 'exit', exitCode: 0, instructions: null })
  } finally {
    await bench.close()
    await rm(folder, { recursive: true })
  }
})

test('init as it is installed counts them where the machine does', async () => {
  const bench = createBench('test-init-instructions-installed')
  try {
    const report = await bench.run(python(spin(0.05)))
    expect(report).toMatchObject({ reason: 'exit', exitCode: 0 })
    // A fiftieth of a second of any processor.
    expect(report.instructions ?? Infinity).toBeGreaterThan(1_000_000)
  } finally {
    await bench.close()
  }
})
