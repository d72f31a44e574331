import { randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { gunzip, ofGzip } from '../../src/shared/judging/inflate.ts'
import { packContent, piecesOf, unpackContent } from '../../src/shared/judging/pack-content.ts'
import { createProblemStore, type ProblemContent } from '../../src/shared/judging/problem-store.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'

const test_ = (name: string, length: number) => ({ name, stdin: 'x'.repeat(length), answer: 'é"\n'.repeat(10) })
const content: ProblemContent = {
  tests: Array.from({ length: 50 }, (_, index) => test_(String(index), 10_000)),
  stopOnFailure: true,
  examples: [],
}

test.each([
  ['whole', content],
  ['with tests alone', { tests: [test_('1', 3)] }],
  ['with no tests', { secret: true }],
  ['with nothing', {}],
])('a problem %s is the same JSON again', async (_, problem) => {
  expect(JSON.parse(gunzipSync(await packContent(problem)).toString())).toEqual(problem)
})

test.each([
  ['whole', content],
  ['with tests alone', { tests: [test_('1', 3)] }],
  ['with an empty list of tests', { tests: [], secret: true }],
  ['with no tests', { secret: true }],
  ['with nothing', {}],
  // Within a text a line break is escaped.
  [
    'with line breaks',
    { tests: [{ name: 'a\n]', stdin: '{"tests":[\n', answer: '\u2028\r\n' }], limits: { wallMs: 5 } },
  ],
  ['with long tests', { tests: [test_('1', 200_000), test_('2', 300_000)], groups: [{ name: ']' }] }],
])('a problem %s is unpacked as it was', async (_, problem: ProblemContent) => {
  const { problem: found, length } = await unpackContent(await packContent(problem))
  expect(found).toEqual(problem)
  expect(length).toBe([...piecesOf(problem)].join('').length + 1)
})

test('a problem that was packed in one line is unpacked', async () => {
  for (const problem of [content, {}, { tests: [] }])
    expect((await unpackContent(gzipSync(JSON.stringify(problem)))).problem).toEqual(problem)
})

test('a problem that is cut is refused', async () => {
  const packed = await packContent(content)
  await expect(unpackContent(packed.subarray(0, packed.length / 2))).rejects.toThrow('unexpected end of file')
  await expect(unpackContent(gzipSync('{"tests":[\n{"name": "1"},'))).rejects.toThrow(SyntaxError)
})

test('it is never there as one text: no piece is longer than a test', () => {
  const longest = Math.max(...(content.tests ?? []).map((one) => JSON.stringify(one).length))
  const lengths = [...piecesOf(content)].map(({ length }) => length)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(longest + 2)
  expect(lengths.length).toBeGreaterThan(50)
})

test('what is unpacked lies in one piece from the beginning', () => {
  const bytes = Buffer.alloc(3_000_000, 'problem ')
  const found = gunzip(gzipSync(bytes), 10_000_000)
  expect([found.equals(bytes), found.buffer.byteLength]).toEqual([true, bytes.length + 1])
})

const packedZeros = gzipSync(Buffer.alloc(3_000_000))
test.each([
  ['says that it is empty', Buffer.concat([packedZeros.subarray(0, -4), Buffer.alloc(4)])],
  ['ends with an empty one', Buffer.concat([packedZeros, gzipSync('')])],
  ['is cut', packedZeros.subarray(0, 3)],
])('a gzip that %s is unpacked in no more pieces than another', (_, packed) => {
  expect(ofGzip(packed, 10_000_000).chunkSize).toBe(64 * 1024)
  expect(ofGzip(packed, 10).maxOutputLength).toBe(10)
})

test('a gzip of several is unpacked whole, in pieces no shorter than what is packed', () => {
  const random = randomBytes(100_000)
  const packed = Buffer.concat([gzipSync(random), gzipSync('x')])
  expect(gunzip(packed, 10_000_000).equals(Buffer.concat([random, Buffer.from('x')]))).toBe(true)
  expect(ofGzip(packed, 10_000_000).chunkSize).toBe(packed.length + 1)
})

test('those who ask for a problem at once read it from Redis once', async () => {
  const packed = await packContent(content)
  let reads = 0
  const redis = {
    defineCommand: () => undefined,
    hgetBuffer: async () => {
      reads++
      await new Promise(setImmediate)
      return packed
    },
  }
  const store = createProblemStore(redis as unknown as Redis, createKeys('x'))
  const found = await Promise.all(Array.from({ length: 8 }, () => store.content('a')))
  expect(reads).toBe(1)
  expect(new Set(found).size).toBe(1)
  expect(found[0]).toEqual(content)
})
