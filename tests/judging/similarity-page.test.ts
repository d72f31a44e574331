import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { addCode, type CodePart } from '../../src/api/problems/similar-code.ts'
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
    head: { endUser: 's<17>' },
    files: [{ path: 'main.py', content: 'import sys\nif a < b:\n  print(1)\n', encoding: 'utf-8' }],
  },
  [B]: {
    head: {},
    files: [{ path: 'a<b.py', content: Buffer.from('x = "</pre><script>"\ny').toString('base64'), encoding: 'base64' }],
  },
}

test('similar parts come with their code, and with who sent them', async () => {
  const found = pairs()
  const spec = async (id: string) => SPECS[id]
  await addCode({ spec } as unknown as Pick<JobReader, 'spec'>, found)
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
