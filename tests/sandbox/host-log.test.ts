import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { quietKernelLog } from '../../src/worker/sandbox/kernel-log.ts'
import { canReadKernelLog, isUnasked, kernelLines } from '../support/kernel-log.ts'
import { testRoot } from '../support/platform.ts'
import { createBench, python } from './init-harness.ts'

const bench = createBench('test-host-log')
afterAll(() => bench.close())

const testOfLog = canReadKernelLog ? test : test.skip

testOfLog('a program that tries writes no line with its name or its port into the log of the kernel', async () => {
  // As the worker does when it starts.
  await quietKernelLog(pino({ level: 'silent' }))
  const name = `log-${randomInt(1e9)}`
  const port = String(randomInt(10_000, 60_000))
  const program = readFileSync(`${testRoot}/tests/programs/write-to-kernel-log.py`, 'utf8')
  const ran = await bench.run([...python(program), name, port])
  expect(ran).toMatchObject({ exitCode: 0, stdout: 'fault SIGSEGV\ntried\n', stderr: '' })
  expect(kernelLines(new RegExp(`${name}|SYN flooding on port .*\\b${port}\\b`)).filter(isUnasked)).toEqual([])
})

test('what a machine is set up to tell of each crash is no line of ours, whatever else tells of a program is', () => {
  const ours = [
    'log-1[7]: segfault at 10 ip 00007f',
    'audit: type=1326 audit(1.2:3): uid=1 comm="log-1" syscall=110',
    'TCP: request_sock_TCP: Possible SYN flooding on port 4000',
  ]
  const others = [
    'Process 7(log-1) has RLIMIT_CORE set to 1',
    'coredump: 7(log-1): RLIMIT_CORE is set to 1, aborting core',
    'audit: type=1701 audit(1.2:3): uid=1 comm="log-1" sig=11 res=1',
  ]
  expect([...ours, ...others].filter(isUnasked)).toEqual(ours)
})
