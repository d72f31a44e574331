import { encodeGather, parseList, parsePiece } from '../../src/worker/sandbox/artifact-frames.ts'
import { ProtocolFault } from '../../src/worker/sandbox/frames.ts'
import { createGathering } from '../../src/worker/sandbox/gathering.ts'

const [FIRST, NEXT, FORGET] = [0, 1, 2]
const piece = (kind: number, path: string | Buffer, content = '') =>
  Buffer.concat([Buffer.of(kind), Buffer.from(path), Buffer.of(0), Buffer.from(content)])
const NOTHING_MISSING = { tooLarge: 0, unreadable: 0, unusable: 0, special: 0, deep: 0, stopped: null }
const list = (changes: object = {}) => Buffer.from(JSON.stringify({ ...NOTHING_MISSING, ...changes }))
const limits = { maxBytes: 10, maxFiles: 2 }

test('a worker asks by globs and limits', () => {
  expect(encodeGather({ globs: ['*', 'a/**'], ...limits }).toString()).toBe('G\0\0\0\u0010g*\0ga/**\0b10\0n2\0')
  expect(() => encodeGather({ globs: ['a\0b1'], ...limits })).toThrow(TypeError)
  expect(() => encodeGather({ globs: ['a'], maxBytes: -1, maxFiles: 1 })).toThrow(TypeError)
})

test('pieces become files, in the order of their paths', () => {
  const gathering = createGathering(limits)
  for (const one of [piece(FIRST, 'b', '12'), piece(NEXT, 'b', '34'), piece(FIRST, 'a/ü')]) gathering.piece(one)
  expect(gathering.end(list({ tooLarge: 3, stopped: 'files' }))).toEqual({
    files: [
      { path: 'a/ü', content: Buffer.from('') },
      { path: 'b', content: Buffer.from('1234') },
    ],
    spilled: [],
    missing: { ...NOTHING_MISSING, tooLarge: 3, stopped: 'files' },
  })
})

describe('of what is more than may be held', () => {
  /** Writes down what becomes of each file that goes elsewhere. */
  const spills = () => {
    const told: string[] = []
    const begin = () => {
      const number = told.push('') - 1
      const add = (text: string) => void (told[number] += text)
      return { write: (content: Buffer) => add(String(content)), end: () => add('.'), abort: () => add('!') }
    }
    return { told, begin }
  }

  test('the file that comes goes elsewhere from its first piece, and small ones after it are held', () => {
    const { told, begin } = spills()
    const gathering = createGathering({ maxBytes: 100, maxFiles: 9 }, { inlineBytes: 5, begin })
    const pieces = [piece(FIRST, 'a', '123'), piece(FIRST, 'b', '45'), piece(NEXT, 'b', '6'), piece(NEXT, 'b', '7')]
    for (const one of [...pieces, piece(FIRST, 'c', '89'), piece(FIRST, 'd', 'x')]) gathering.piece(one)
    const { files, spilled } = gathering.end(list())
    expect(told).toEqual(['4567.', 'x.'])
    expect(files.map(({ path, content }) => [path, String(content)])).toEqual([
      ['a', '123'],
      ['c', '89'],
    ])
    expect(spilled.map(({ path }) => path)).toEqual(['b', 'd'])
  })

  test('a file that cannot be read to its end, or comes when the sandbox ends, never is complete', () => {
    const { told, begin } = spills()
    const gathering = createGathering({ maxBytes: 100, maxFiles: 9 }, { inlineBytes: 1, begin })
    for (const one of [piece(FIRST, 'a', '12'), piece(FORGET, 'a'), piece(FIRST, 'b', '34')]) gathering.piece(one)
    gathering.abort()
    expect(told).toEqual(['12!', '34!'])
  })
})

test('a file that is to be forgotten is none', () => {
  const gathering = createGathering(limits)
  for (const one of [piece(FIRST, 'a', '12'), piece(FORGET, 'a'), piece(FIRST, 'b', '3')]) gathering.piece(one)
  expect(gathering.end(list({ unreadable: 1 })).files.map(({ path }) => path)).toEqual(['b'])
})

test.each<{ title: string; pieces: Buffer[] }>([
  { title: 'an absolute path', pieces: [piece(FIRST, '/etc/passwd')] },
  { title: 'a path that leads out', pieces: [piece(FIRST, '../../etc/passwd')] },
  { title: 'a path with an empty part', pieces: [piece(FIRST, 'a//b')] },
  { title: 'a path with a line feed', pieces: [piece(FIRST, 'a\nb')] },
  { title: 'a path of other bytes than text', pieces: [piece(FIRST, Buffer.of(0xff))] },
  { title: 'no path', pieces: [piece(FIRST, '')] },
  { title: 'a path without its end', pieces: [Buffer.from('\0abc')] },
  { title: 'an empty payload', pieces: [Buffer.alloc(0)] },
  { title: 'a kind that is none', pieces: [piece(3, 'a')] },
  { title: 'a path of 513 bytes', pieces: [piece(FIRST, `${'x'.repeat(200)}/`.repeat(3).slice(0, 513))] },
  { title: 'the same file twice', pieces: [piece(FIRST, 'a'), piece(FIRST, 'a')] },
  { title: 'more files than asked for', pieces: ['a', 'b', 'c'].map((path) => piece(FIRST, path)) },
  {
    title: 'more files than asked for, each forgotten',
    pieces: ['a', 'b', 'c'].flatMap((path) => [piece(FIRST, path), piece(FORGET, path)]),
  },
  { title: 'more bytes than asked for', pieces: [piece(FIRST, 'a', '12345'), piece(NEXT, 'a', '678901')] },
  { title: 'a piece of a file that was not begun', pieces: [piece(NEXT, 'a', '1')] },
  {
    title: 'a piece of a file that is no longer under way',
    pieces: [piece(FIRST, 'a'), piece(FIRST, 'b'), piece(NEXT, 'a', '1')],
  },
  {
    title: 'a piece of a forgotten file',
    pieces: [piece(FIRST, 'a', '1'), piece(FORGET, 'a'), piece(NEXT, 'a', '1')],
  },
  { title: 'a piece of nothing', pieces: [piece(FIRST, 'a', '1'), piece(NEXT, 'a')] },
])('$title is a fault', ({ pieces }) => {
  const gathering = createGathering(limits)
  expect(() => pieces.forEach((one) => gathering.piece(one))).toThrow(ProtocolFault)
})

test.each(['', '[]', '{}', '{"tooLarge":0}', list({ stopped: 'tired' }).toString(), list({ deep: -1 }).toString()])(
  'the list %j is a fault',
  (text) => expect(() => parseList(Buffer.from(text))).toThrow(ProtocolFault),
)

test('a piece is a view of its frame, not a copy', () => {
  const payload = piece(FIRST, 'a', 'bc')
  expect(parsePiece(payload).content.buffer).toBe(payload.buffer)
})
