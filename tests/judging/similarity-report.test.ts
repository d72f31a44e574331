import { expect, test } from '@jest/globals'
import { addCode, type CodePart } from '../../src/api/problems/similar-code.ts'
import { similarityPage } from '../../src/cli/jobs/similarity-report.ts'
import type { JobReader } from '../../src/shared/jobs/job-reader.ts'

const [A, B] = ['01a2072e-7983-76e0-a216-a5590488afd1', '01a2072e-7983-76e0-a216-a5590488afd2']
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

  const page = similarityPage({
    problem: 'p',
    least: 70,
    similarity: { compared: 9, pairs: found },
    createdAt: '2027-01-31',
  })
  expect(page).toContain('9 submissions compared')
  expect(page).toContain('<a href="#pair-1">91 %</a>')
  expect(page).toContain('if a &lt; b:\n  print(1)')
  expect(page).toContain('s&lt;17&gt;')
  // Nothing of a program is part of the page.
  expect(page).toContain('x = &quot;&lt;/pre&gt;&lt;script&gt;&quot;')
  expect(page).not.toContain('<script')
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
})

test('a page without pairs says so', () => {
  const page = similarityPage({ problem: 'p', least: 50, similarity: { compared: 2, pairs: [] }, createdAt: 'now' })
  expect(page).toContain('0 pairs are at least 50 % alike')
  expect(page).not.toContain('<table')
})
