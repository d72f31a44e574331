import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { entriesOf } from '../../src/cli/jobs/batch-entries.ts'
import { explain } from '../../src/cli/service/explain.ts'
import { type Runtime, RunyardError } from '../../src/client/client.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-batch-'))
const at = (name: string) => join(folder, name)
const FILES = {
  'a.py': 'print(1)',
  'b.py': 'print(2)',
  'list.json': '[{"language": "bash", "code": "echo 1"}]',
  'jobs.json': '{"jobs": [{"language": "bash", "code": "echo 2"}]}',
  'lines.jsonl': '{"language": "bash", "code": "echo 3"}\n\n{"language": "c", "code": ""}\n',
  'broken.json': '{"jobs": ',
  'none.json': '{"job": []}',
  'number.json': '[{}, 7]',
  'broken.jsonl': '{"language": "bash"}\n{nonsense\n',
}
beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(at(name), text)
})
afterAll(() => rmSync(folder, { recursive: true }))

let asked = 0
const python = { language: 'python', fileName: 'main.py', aliases: ['py'], installed: true } as unknown as Runtime
const client = {
  runtimes: () => {
    asked += 1
    return Promise.resolve([python])
  },
  files: {
    put: (): never => {
      throw new Error('there is nothing to upload')
    },
  },
}
const entries = (...names: string[]) => entriesOf(names.map(at), { limit: { wallMs: 5 } }, client)

test('programs take the options, and ask once which languages there are; requests in JSON are taken as they are', async () => {
  const found = await entries('a.py', 'list.json', 'b.py', 'jobs.json', 'lines.jsonl')
  expect(asked).toBe(1)
  expect(found).toEqual([
    { name: at('a.py'), request: { language: 'python', code: 'print(1)', limits: { wallMs: 5 } } },
    { name: `job 1 of ${at('list.json')}`, request: { language: 'bash', code: 'echo 1' } },
    { name: at('b.py'), request: { language: 'python', code: 'print(2)', limits: { wallMs: 5 } } },
    { name: `job 1 of ${at('jobs.json')}`, request: { language: 'bash', code: 'echo 2' } },
    { name: `line 1 of ${at('lines.jsonl')}`, request: { language: 'bash', code: 'echo 3' } },
    { name: `line 3 of ${at('lines.jsonl')}`, request: { language: 'c', code: '' } },
  ])
})

test.each([
  { name: 'broken.json', words: 'is not JSON: ' },
  { name: 'none.json', words: 'has no jobs; it must be a list of requests' },
  { name: 'number.json', words: 'job 2 of FILE is not a request' },
  { name: 'broken.jsonl', words: 'line 2 of FILE is not JSON: ' },
  { name: 'absent.py', words: 'the program FILE: the file does not exist' },
])('$name is refused with its place', async ({ name, words }) => {
  await expect(entries(name)).rejects.toMatchObject({
    exitCode: 64,
    message: expect.stringContaining(words.replace('FILE', at(name))) as unknown,
  })
})

test('what the service refuses of a batch is told by the name of the job', () => {
  const connection = { url: 'http://127.0.0.1:1', key: undefined, sources: { url: '--url', key: undefined } }
  const errors = [
    { pointer: '/jobs/1/limits/wallMs', detail: 'is 0; the least is 1' },
    { pointer: '/jobs/7/language', detail: 'is missing' },
    { pointer: '/jobs', detail: 'must not have more than 100 items' },
  ]
  const refused = new RunyardError({ code: 'invalid-request', status: 400, detail: 'x', errors })
  const { message } = explain(refused, connection, 'a.py, b.py', ['a.py', 'b.py']) as Error
  expect(message.split('\n')).toEqual([
    'b.py: --limit wallMs is 0; the least is 1',
    'job 8: --language is missing',
    'jobs must not have more than 100 items',
  ])
  const finding = { line: 2, column: 3, reason: 'r', rule: 'x', excerpt: ' e ' }
  const violations = [
    { pointer: '/jobs/0/code', ...finding },
    { pointer: '/jobs/1/files/1/content', ...finding },
  ] as unknown as RunyardError['violations']
  const blocked = new RunyardError({ code: 'submission-blocked', status: 422, detail: 'x', violations })
  const told = (explain(blocked, connection, 'a.py, b.py', ['a.py', 'b.py']) as Error).message.split('\n')
  expect(told.slice(1)).toEqual(['  a.py:2:3 r (x)', '    e', '  b.py/files/1/content:2:3 r (x)', '    e'])
})
