import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { testRoot } from '../support/platform.ts'

const run = promisify(execFile)
const sandbox = `${testRoot}/sandbox`
const units = `${testRoot}/tests/sandbox/units`
const OPTIONS = ['-std=gnu11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-g']
const tested = readdirSync(units).filter((name) => name.endsWith('.c'))
const sources = readdirSync(sandbox).filter((name) => name.endsWith('.c') && name !== 'init.c')

let folder: string

/** One file of init's after the other, since what tests it stands in its place. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-units-'))
  await run('gcc', [...OPTIONS, '-c', ...sources.map((name) => join(sandbox, name))], { cwd: folder })
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each(tested)('functions of %s do what the kernel alone would not show', async (name) => {
  const objects = sources.filter((other) => other !== name).map((other) => `${basename(other, '.c')}.o`)
  const program = join(folder, basename(name, '.c'))
  await run('gcc', [...OPTIONS, '-o', program, join(units, name), ...objects, '-lseccomp'], { cwd: folder })
  expect(await run(program)).toEqual({ stdout: '', stderr: '' })
})
