import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { MIB } from '../../src/shared/limits.ts'
import { runJob, stageOf } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

/** What surrounds a program: what it finds, and what is said of the limits it comes to. */
let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '300' })
})
afterAll(() => platform.close())

const run = (body: Record<string, unknown>) => runJob(platform.url, body)
const python = (code: string, more: object = {}) => run({ language: 'python', code, ...more })

describe('each test of a job', () => {
  test('begins with the submitted files only', async () => {
    const code = 'import os\nos.mkdir("out")\nopen("/tmp/x", "x")\nprint("ok")\n'
    const job = await python(code, { tests: [{ expectedOutput: 'ok' }, { expectedOutput: 'ok' }] })
    expect(job.stages.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
  })

  test('has the harness that was submitted, whatever another did to it', async () => {
    const files = [
      {
        path: 'main.py',
        content:
          'from student import add\na, b = map(int, input().split())\nprint("PASS" if add(a, b) == a + b else "FAIL")\n',
      },
      { path: 'student.py', content: 'open("main.py", "w").write("print(\'PASS\')")\ndef add(a, b):\n    return 0\n' },
    ]
    const tests = ['1 2', '3 4', '5 6'].map((stdin) => ({ stdin, expectedOutput: 'PASS' }))
    const job = await run({ language: 'python', files, tests })
    expect(job.stages.map(({ status }) => status)).toEqual(['wrong-answer', 'wrong-answer', 'wrong-answer'])
  })

  test('in a compiled language has what the compiler made, unchanged', async () => {
    const code = `#include <stdio.h>
#include <unistd.h>
int main(void) { printf("%d %d\\n", unlink("main.c"), access("mark", F_OK)); fclose(fopen("mark", "w")); return 0; }`
    const job = await run({ language: 'c', code, tests: [{}, {}, {}].map(() => ({ expectedOutput: '0 -1' })) })
    expect(job.stages.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'compile succeeded',
      'test 1 succeeded',
      'test 2 succeeded',
      'test 3 succeeded',
    ])
  })
})

describe('a limit that was met', () => {
  test('is told where it was a child that was killed for memory', async () => {
    const code = `
from multiprocessing import Pool
def f(x): return len(bytearray(300 * 2**20))
if __name__ == "__main__":
    with Pool(2) as p: print(p.map(f, [1, 2]))`
    const job = await python(code, { limits: { memoryBytes: 128 * MIB, wallMs: 4000 } })
    expect(job).toMatchObject({ status: 'wall-time-limit', message: expect.stringContaining('memoryBytes') })
    expect(stageOf(job).limitsMet).toEqual(['wallMs', 'memoryBytes'])
  })

  test('is told where threads were refused', async () => {
    const code = `
import threading
hold = threading.Event()
for _ in range(100): threading.Thread(target=hold.wait, daemon=True).start()`
    const job = await python(code)
    expect(job).toMatchObject({ status: 'failed', message: expect.stringMatching(/limit of 64 processes and threads/) })
    expect(stageOf(job).limitsMet).toEqual(['processes'])
  })

  test('is told where a file or a descriptor was refused', async () => {
    const full = await python('open("f", "wb").write(bytes(9 << 20))', { limits: { fileBytes: 8 * MIB } })
    expect([full.message, stageOf(full).limitsMet]).toEqual([expect.stringContaining('8388608 bytes'), ['fileBytes']])
    const open = await python('all = []\nwhile True: all.append(open("/dev/null"))', { limits: { openFiles: 64 } })
    expect([open.message, stageOf(open).limitsMet]).toEqual([expect.stringContaining('64 open files'), ['openFiles']])
  })

  test('is not told where none was', async () => {
    const job = await python('print(1)')
    expect([job.message, stageOf(job).limitsMet]).toEqual([null, []])
  })
})

describe('a program', () => {
  test('without input has a pipe at its end', async () => {
    const code = `
import asyncio, sys
async def main():
    r = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(r), sys.stdin)
    print(await r.read())
asyncio.run(main())`
    for (const more of [{}, { stdin: '' }]) expect(stageOf(await python(code, more)).stdout).toBe("b''\n")
  })

  test('may raise its stack', async () => {
    const code = `
import resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
print("ok")`
    expect(stageOf(await python(code)).stdout).toBe('ok\n')
  })

  test('may run files that say what runs them, and has the modes it was given', async () => {
    const files = [
      { path: 'main.sh', content: './helper.sh; stat -c "%n %a" *' },
      { path: 'helper.sh', content: '#!/bin/bash\necho helper\n' },
      { path: 'plain', content: '#!/bin/bash\n', mode: '600' },
      { path: 'secret', content: '', mode: '0400' },
    ]
    const job = await run({ language: 'bash', files, entrypoint: 'main.sh' })
    expect(stageOf(job).stdout).toBe('helper\nhelper.sh 755\nmain.sh 644\nplain 600\nsecret 400\n')
  })
})
