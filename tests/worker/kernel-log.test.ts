import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { quietKernelLog } from '../../src/worker/sandbox/kernel-log.ts'

let folder: string
let lines: string[]
const log = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) })
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-kernel-'))
  lines = []
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a kernel that logs faults of programs is told not to, and the log says so', async () => {
  const path = join(folder, 'exception-trace')
  writeFileSync(path, '1\n')
  await quietKernelLog(log, path)
  expect(readFileSync(path, 'utf8').trim().startsWith('0')).toBe(true)
  expect(lines).toEqual(['the kernel no longer logs faults of programs'])
})

test('one that does not, or has no such switch, is left alone', async () => {
  const path = join(folder, 'exception-trace')
  await quietKernelLog(log, path)
  writeFileSync(path, '0\n')
  await quietKernelLog(log, path)
  expect([readFileSync(path, 'utf8'), lines]).toEqual(['0\n', []])
})

test('where it may not be changed, the log warns', async () => {
  // A file that not even root writes to.
  await quietKernelLog(log, '/proc/self/mountinfo')
  expect(lines).toEqual(['the kernel logs faults of programs, and this worker may not change that'])
})
