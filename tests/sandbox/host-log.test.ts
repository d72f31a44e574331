import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { quietKernelLog } from '../../src/worker/sandbox/kernel-log.ts'
import { kernelLines } from '../support/kernel-log.ts'
import { testRoot } from '../support/platform.ts'
import { createBench, python } from './init-harness.ts'

const bench = createBench('test-host-log')
afterAll(() => bench.close())

test('a program that tries writes no line with its name or its port into the log of the kernel', async () => {
  // As the worker does when it starts.
  await quietKernelLog(pino({ level: 'silent' }))
  const name = `log-${randomInt(1e9)}`
  const port = String(randomInt(10_000, 60_000))
  const program = readFileSync(`${testRoot}/tests/programs/write-to-kernel-log.py`, 'utf8')
  const ran = await bench.run([...python(program), name, port])
  expect(ran).toMatchObject({ exitCode: 0, stdout: 'fault SIGSEGV\ntried\n', stderr: '' })
  expect(kernelLines(new RegExp(`${name}|SYN flooding on port .*\\b${port}\\b`))).toEqual([])
})
