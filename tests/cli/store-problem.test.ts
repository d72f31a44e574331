import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import { storeProblem, type StoreOptions } from '../../src/cli/jobs/store-problem.ts'
import type { Connection } from '../../src/cli/service/connection.ts'
import { writeTar } from '../../src/shared/judging/archive.ts'

const place = mkdtempSync(join(tmpdir(), 'runyard-store-problem-'))
afterAll(() => rmSync(place, { recursive: true }))

const KNOWN = { format: 'folder', tests: 1, points: 1, submissions: 0, bytes: 1, version: 1 }

/** What a problem was stored as, and what was said. */
async function stored(path: string, options: StoreOptions = {}) {
  const sent: unknown[] = []
  const notes: string[] = []
  const problems = {
    create: async (name: string) => {
      sent.push(['create', name])
      return { ...KNOWN, id: 'p', name, notes: ['2.IN is no test'] }
    },
    replace: async (id: string, name: string) => {
      sent.push(['replace', id, name])
      return { ...KNOWN, id, name }
    },
    get: async (id: string) => ({ ...KNOWN, id, name: 'Of Old' }),
  }
  const streams = {
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    note: (text: string) => void notes.push(text),
  }
  await storeProblem(path, options, { client: { problems } } as unknown as Connection, streams)
  return { sent, notes }
}

function folder(name: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(place, name, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return join(place, name)
}

const TEST = { '1.in': '', '1.ans': '' }

test('a new version keeps the name of the problem, unless it is given another', async () => {
  const path = folder('sum-corrected', TEST)
  expect((await stored(path, { id: 'p' })).sent).toEqual([['replace', 'p', 'Of Old']])
  expect((await stored(path, { id: 'p', name: 'New' })).sent).toEqual([['replace', 'p', 'New']])
})

test.each<[string, Record<string, string>, string]>([
  ['a plain folder', TEST, 'plain-0'],
  ['a Kattis package', { 'problem.yaml': 'name: Two Sums' }, 'Two Sums'],
  ['a Kattis package with names in languages', { 'problem.yaml': 'name: {de: Summen, en: Sums}' }, 'Sums'],
  ['a Kattis package without a name', { 'problem.yaml': 'type: scoring' }, 'plain-3'],
  [
    'a Polygon package',
    {
      'problem.xml':
        '<problem><names><name language="russian" value="S"/><name language="english" value="Sums"/></names></problem>',
    },
    'Sums',
  ],
])('%s that is new has its own name, or that of its folder', async (what, files, name) => {
  const path = folder(name.startsWith('plain') ? name : what.replaceAll(' ', '-'), files)
  expect((await stored(path)).sent).toEqual([['create', name]])
  expect((await stored(path, { name: 'Given' })).sent).toEqual([['create', 'Given']])
})

test('the name in an archive counts as well, and a broken archive has that of its file', async () => {
  const files = { 'sums/problem.yaml': 'name: Two Sums', 'sums/data/sample/1.in': '' }
  const tar = join(place, 'upload.tar')
  writeFileSync(tar, writeTar(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]))))
  expect((await stored(tar)).sent).toEqual([['create', 'Two Sums']])
  writeFileSync(join(place, 'broken.zip'), 'PK')
  expect((await stored(join(place, 'broken.zip'))).sent).toEqual([['create', 'broken']])
})

test('what is not read is told', async () => {
  expect((await stored(folder('noted', TEST))).notes).toContain('2.IN is no test')
})
