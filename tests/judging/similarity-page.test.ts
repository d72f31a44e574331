import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { addCode, type CodePart } from '../../src/api/problems/similar-code.ts'
import { oneAtATime } from '../../src/api/problems/similarity-routes.ts'
import { similarityPage, similarityPageHeaders } from '../../src/api/problems/similarity-page.ts'
import type { Similarity } from '../../src/shared/judging/similarity.ts'
import type { JobReader } from '../../src/shared/jobs/job-reader.ts'

const [A, B] = ['01a2072e-7983-76e0-a216-a5590488afd1', '01a2072e-7983-76e0-a216-a5590488afd2']
const finished = (compared: number, found: Similarity['pairs']): Similarity => ({
  id: A,
  state: 'finished',
  progress: null,
  compared,
  createdAt: '2027-01-31T12:00:00.000Z',
  finishedAt: '2027-01-31T12:00:01.000Z',
  pairs: found,
})
const part = (path: string, from: number, to: number): CodePart => ({ path, from, to })
const pairs = () => [
  {
    first: A,
    second: B,
    language: 'python',
    similarity: 0.914,
    parts: [{ first: part('main.py', 2, 3), second: part('a<b.py', 1, 2) }],
  },
]
const SPECS: Record<string, object> = {
  [A]: {
    files: [{ path: 'main.py', content: 'import sys\nif a < b:\n  print(1)\n', encoding: 'utf-8' }],
  },
  [B]: {
    files: [{ path: 'a<b.py', content: Buffer.from('x = "</pre><script>"\ny').toString('base64'), encoding: 'base64' }],
  },
}

test('similar parts come with their code, and with who sent them', async () => {
  const found = pairs()
  const spec = async (id: string) => SPECS[id]
  await addCode({ spec } as unknown as Pick<JobReader, 'spec'>, found, (id) => (id === A ? 's<17>' : undefined))
  expect(found).toEqual([
    {
      ...pairs()[0],
      parts: [
        {
          first: { ...part('main.py', 2, 3), code: 'if a < b:\n  print(1)' },
          second: { ...part('a<b.py', 1, 2), code: 'x = "</pre><script>"\ny' },
        },
      ],
      endUsers: { first: 's<17>' },
    },
  ])

  const page = similarityPage({ problem: '<i>Sum</i>', least: 70, similarity: finished(9, found) })
  expect(page).toContain('<h1>Similar submissions: &lt;i&gt;Sum&lt;/i&gt;</h1>')
  expect(page).toContain('9 submissions compared')
  expect(page).toContain('<a href="#pair-1">91 %</a>')
  expect(page).toContain('if a &lt; b:\n  print(1)')
  expect(page).toContain('s&lt;17&gt;')
  // Nothing of a program is part of the page.
  expect(page).toContain('x = &quot;&lt;/pre&gt;&lt;script&gt;&quot;')
  expect(page).not.toContain('<script')
  const policy = similarityPageHeaders(true)['Content-Security-Policy'] ?? ''
  expect(policy).toContain("frame-ancestors 'none'; sandbox")
  // It says the same where it is opened as a file.
  expect(page).toContain(`content="${policy.slice(0, policy.indexOf('; frame-ancestors'))}"`)
  const style = /<style>([^]*)<\/style>/.exec(page)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/)
  expect(policy).toContain(`'sha256-${hash}'`)
})

test('once there is code enough no more programs are read, and everybody who sent one is named', async () => {
  const [first] = pairs()
  const long = { ...first!, parts: [{ first: part('main.py', 1, 1), second: part('main.py', 1, 1) }] }
  const found = Array.from({ length: 9 }, (_, n) => ({ ...structuredClone(long), first: `a${n}`, second: `b${n}` }))
  const read: string[] = []
  const spec = async (id: string) => {
    read.push(id)
    return { files: [{ path: 'main.py', content: 'x'.repeat(2 ** 20), encoding: 'utf-8' }] }
  }
  await addCode({ spec } as unknown as Pick<JobReader, 'spec'>, found, (id) => `of ${id}`)
  expect(read).toEqual(['a0', 'b0'])
  expect(found[8]).toHaveProperty('endUsers', { first: 'of a8', second: 'of b8' })
})

test('one answer with code is made at a time, also after one that failed', async () => {
  const needs = { quoting: { isBusy: false } }
  let end = () => {}
  const first = oneAtATime(needs, () => new Promise<void>((resolve) => (end = resolve)))
  await expect(oneAtATime(needs, async () => 1)).rejects.toMatchObject({ code: 'unavailable' })
  end()
  await first
  await expect(oneAtATime(needs, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await oneAtATime(needs, async () => 1)).toBe(1)
})

test('a page shows every character of a program, also those that would hide or turn others', () => {
  const [pair] = pairs()
  const code = 'a\u202eb\u200bc\td\r\ne\u0007'
  const found = [{ ...pair!, parts: [{ first: { ...part('m\u2066', 1, 2), code }, second: part('n', 1, 1) }] }]
  const page = similarityPage({ problem: 'p', least: 50, similarity: finished(1, found) })
  expect(page).toContain('a&lt;U+202E&gt;b&lt;U+200B&gt;c\td\ne&lt;U+0007&gt;')
  expect(page).toContain('m&lt;U+2066&gt;')
  expect(page).toContain('1 submission compared')
  expect(page).toContain('1 pair is at least 50 % alike')
})

test('a page without pairs says so', () => {
  const page = similarityPage({ problem: 'p', least: 50, similarity: finished(2, []) })
  expect(page).toContain('0 pairs are at least 50 % alike')
  expect(page).not.toContain('<table')
  expect(page).not.toContain('http-equiv="refresh"')
})

test.each<[Similarity['state'], Similarity['progress'], string]>([
  ['queued', null, 'The comparison has not started yet.'],
  ['running', { step: 'reading', done: 40, total: 300 }, '40 of 300 submissions read.'],
  ['running', { step: 'comparing', done: 40, total: 280 }, '40 of 280 submissions compared.'],
])('a page of one that is %s says how far it is, and loads itself again', (state, progress, said) => {
  const page = similarityPage({ problem: 'p', least: 50, similarity: { ...finished(0, []), state, progress } })
  expect(page).toContain(said)
  expect(page).toContain('<meta http-equiv="refresh" content="2">')
  // A page in a sandbox may not load itself again.
  expect(similarityPageHeaders(false)['Content-Security-Policy']).not.toContain('sandbox')
})

test('a page of one that failed says what to do', () => {
  const similarity = { ...finished(0, []), state: 'failed' as const }
  expect(similarityPage({ problem: 'p', least: 50, similarity })).toContain('start the comparison again')
})
