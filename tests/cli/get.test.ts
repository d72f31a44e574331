import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { showJob } from '../../src/cli/jobs/get.ts'
import type { Job } from '../../src/client/client.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-get-'))
  for (const name of ['here', 'elsewhere']) mkdirSync(join(folder, name))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Saves the files that a job left under these paths. @returns what was said of them */
async function save(to: string, ...paths: string[]): Promise<string> {
  const job = { id: 'x', status: 'succeeded', artifacts: paths.map((path) => ({ path, bytes: 1 })) } as unknown as Job
  let said = ''
  const streams = { stdout: { write: (text: string) => (said += text) }, note: () => undefined }
  const client = {
    async *artifactStream() {
      yield await Promise.resolve(Uint8Array.from([1]))
    },
  }
  await showJob(job, { output: 'artifacts', to }, client, streams as unknown as Parameters<typeof showJob>[3])
  return said
}

test.each([
  ['out/a.txt', 'out', '../elsewhere'],
  ['deep/out/new/a.txt', 'deep/out', '../../elsewhere'],
  ['out/new/a.txt', 'out', '../not-there-yet'],
  ['../elsewhere/a.txt', 'out', '.'],
])('an artifact %s is not written where %s is a link to %s', async (path, link, target) => {
  const here = join(folder, 'here')
  mkdirSync(join(here, 'deep'))
  symlinkSync(target, join(here, link))
  await expect(save(here, path)).rejects.toMatchObject({ exitCode: 74 })
  expect(existsSync(join(folder, 'elsewhere/a.txt'))).toBe(false)
  expect(existsSync(join(folder, 'elsewhere/new'))).toBe(false)
  expect(existsSync(join(folder, 'not-there-yet'))).toBe(false)
})

test('an artifact is written through links that stay within the folder, which may itself be behind one', async () => {
  mkdirSync(join(folder, 'here/real'))
  symlinkSync('real', join(folder, 'here/out'))
  symlinkSync('here', join(folder, 'alias'))
  await save(join(folder, 'alias'), 'out/a.txt', 'new/deep/b.txt')
  expect([...readFileSync(join(folder, 'here/real/a.txt'))]).toEqual([1])
  expect([...readFileSync(join(folder, 'here/new/deep/b.txt'))]).toEqual([1])
})

test('the folder may be the root of the file system', async () => {
  const path = join(folder, 'here/a.txt')
  expect(await save('/', path.slice(1))).toBe(`${path} (1 bytes)\n`)
})
