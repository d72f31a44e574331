import { MIB } from '../../src/shared/limits.ts'
import { createBench, python, stage } from './init-harness.ts'

const bench = createBench('test-init-reached', { isSanitized: true })
afterAll(() => bench.close())

describe('a limit that is reached is told', () => {
  test.each([
    [
      'threads that cannot be made',
      `import threading, time
for _ in range(100): threading.Thread(target=time.sleep, args=(0.3,)).start()`,
      ['processes'],
    ],
    [
      'processes that cannot be made, of a program that copes',
      `import os, time
try:
    while os.fork(): pass
    time.sleep(0.3)
except BlockingIOError: print('coped')`,
      ['processes'],
    ],
    ['files beyond the file system', `open('f', 'wb').write(bytes(9 << 20))`, ['fileBytes']],
    [
      'files beyond the inodes',
      `import os
for n in range(10**6): os.close(os.open(str(n), os.O_CREAT))`,
      ['fileBytes'],
    ],
    [
      'a file that is too long for its limit',
      'import signal, os; signal.signal(25, signal.SIG_DFL); open("f", "w"); os.truncate("f", 1 << 30)',
      ['fileBytes'],
    ],
    [
      'files that cannot be opened',
      `import time
all = []
try:
    while True: all.append(open('/dev/null'))
finally: time.sleep(0.2)`,
      ['openFiles'],
    ],
    [
      'descriptors of a child',
      `import os, time
if os.fork() == 0:
    try:
        while True: os.dup(0)
    finally: time.sleep(0.3)
os.wait()`,
      ['openFiles'],
    ],
  ])('%s', async (_, program, reached) => {
    expect(await bench.run(python(program))).toMatchObject({ reached })
  })
})

describe('a limit that is not reached is not told', () => {
  test.each([
    [
      'one thread less than may be',
      'import threading, time\nfor _ in range(63): threading.Thread(target=time.sleep, args=(0.2,)).start()',
      [],
    ],
    ['all but a little of the file system', `open('f', 'wb').write(bytes((8 << 20) - 65536)); print(1)`, []],
    [
      'one descriptor less than may be',
      `import os, time\nall = [os.dup(0) for _ in range(60)]\nprint(1, flush=True)\ntime.sleep(0.1)`,
      [],
    ],
    ['an error that only looks like it', `raise OSError(24, 'Too many open files')`, []],
  ])('%s', async (what, program, reached) => {
    const processes = what.includes('thread') ? 65 : 64
    expect(await bench.run(python(program), { processes })).toMatchObject({ reached })
  })

  test('by a program that may be one process, and is', async () => {
    const alone = await bench.run(python('import time; time.sleep(0.1); print(1)'), { processes: 1 })
    expect(alone).toMatchObject({ stdout: '1\n', reached: [] })
  })

  test('by a stage of which nobody asks: nothing looks', async () => {
    const program = `import threading, time
for _ in range(100): threading.Thread(target=time.sleep, args=(0.3,)).start()`
    const stages = [{}, { unobserved: true }, {}]
    const ran = []
    for (const changes of stages) ran.push(await bench.run(python(program), changes))
    expect(ran.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1])
    expect(ran.map(({ reached }) => reached)).toEqual([['processes'], [], ['processes']])
  })

  test('by the stage that follows one that did', async () => {
    const sandbox = await bench.shared()
    sandbox.begin(8 * MIB)
    const first = await stage(sandbox, 'ulimit -n; sleep 0.1; head -c 9M /dev/zero > f; rm f')
    const second = await stage(sandbox, 'echo fine')
    await sandbox.end()
    expect([first.exitCode, second.reached]).toEqual([0, []])
  })
})
