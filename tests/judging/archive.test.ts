import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { ArchiveFault, readArchive } from '../../src/shared/judging/archive.ts'
import { unreadFiles } from '../../src/shared/judging/unread-files.ts'
import { type Entries, tar, zip } from '../support/archives.ts'

const BOUNDS = { maxBytes: 10_000, maxFiles: 20 }
const shown = (bytes: Buffer, bounds = BOUNDS) =>
  Object.fromEntries([...readArchive(bytes, bounds)].map(([path, content]) => [path, content.toString()]))

describe.each([
  ['zip', (entries: Entries) => zip(entries)],
  ['stored zip', (entries: Entries) => zip(entries, { method: 0 })],
  ['tar', (entries: Entries) => tar(entries)],
  ['tar.gz', (entries: Entries) => gzipSync(tar(entries))],
])('a %s', (_, make) => {
  test('gives its files', () => {
    const long = 'é'.repeat(600)
    expect(
      shown(
        make([
          ['1.in', 'a'],
          ['sub/1.ans', ''],
          ['b', long],
        ]),
      ),
    ).toEqual({ '1.in': 'a', 'sub/1.ans': '', b: long })
  })

  test('loses the folder that has everything, and what is hidden', () => {
    expect(
      shown(
        make([
          ['p/1.in', 'a'],
          ['p/s/2.in', 'b'],
          ['p/.git/x', ''],
          ['__MACOSX/p/1.in', ''],
        ]),
      ),
    ).toEqual({ '1.in': 'a', 's/2.in': 'b' })
  })

  test.each(['../x', '/etc/x', 'a/../../x', 'a\\b'])('with the path %s is refused', (path) => {
    expect(() => readArchive(make([[path, '']]), BOUNDS)).toThrow(/has the path/)
  })

  test('with too much in it is refused', () => {
    expect(() =>
      readArchive(
        make([
          ['a', Buffer.alloc(5001)],
          ['b', Buffer.alloc(5000)],
        ]),
        BOUNDS,
      ),
    ).toThrow(/more than 10000 bytes/)
    const many = Array.from({ length: 21 }, (__, i): [string, string] => [`f${i}`, ''])
    expect(() => readArchive(make(many), BOUNDS)).toThrow(/more than 20 files/)
    expect(() =>
      readArchive(
        make([
          ['a', ''],
          ['./a', ''],
        ]),
        BOUNDS,
      ),
    ).toThrow(/two files a/)
  })

  test('cut anywhere is refused, or less', () => {
    const whole = make([
      ['one', 'first'.repeat(50)],
      ['two', 'second'],
    ])
    for (let length = 0; length < whole.length; length += 7) {
      try {
        for (const content of readArchive(whole.subarray(0, length), BOUNDS).values())
          expect(content.length).toBeLessThan(251)
      } catch (error) {
        expect(error).toBeInstanceOf(ArchiveFault)
      }
    }
  })
})

test('a zip cannot unpack to more than it says, nor less', () => {
  const bomb = zip([['bomb', Buffer.alloc(9000)]], { size: 10 })
  expect(() => readArchive(bomb, BOUNDS).get('bomb')).toThrow(/broken, at bomb/)
  expect(() => readArchive(zip([['a', 'abc']], { size: 4 }), BOUNDS).get('a')).toThrow(/broken, at a/)
})

test('a tar.gz is unpacked no further than the bounds', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  expect(() => readArchive(bomb, BOUNDS)).toThrow(/more than 10000 bytes/)
})

test('what nobody reads of a package counts towards no bound, and is not unpacked', () => {
  const entries = (settings: string): Entries => [
    [`p/${settings}`, ''],
    ['p/data/secret/1.in', '1'],
    ['p/tests/01', '1'],
    ['p/problem_statement/image.png', Buffer.alloc(9000)],
    ['p/statements/problem.pdf', Buffer.alloc(9000)],
    ['p/data/secret/1.png', Buffer.alloc(9000)],
    ['p/output_visualizer/v.py', Buffer.alloc(9000)],
    ['p/check.exe', Buffer.alloc(9000)],
    ['p/files/gen.exe', Buffer.alloc(9000)],
    ['p/data/invalid_input/1.in', ''],
  ]
  const read = (settings: string, pack: (packed: Entries) => Buffer, maxBytes: number) =>
    [...readArchive(pack(entries(settings)), { maxBytes, maxFiles: 7, unread: unreadFiles }).keys()].sort()
  for (const pack of [zip, (packed: Entries) => gzipSync(tar(packed))]) {
    const others = ['data/secret/1.in', 'tests/01']
    const ofKattis = ['check.exe', 'files/gen.exe', 'statements/problem.pdf']
    expect(read('problem.yaml', pack, 28_000)).toEqual(['problem.yaml', ...others, ...ofKattis].sort())
    const ofPolygon = ['data/invalid_input/1.in', 'output_visualizer/v.py', 'problem_statement/image.png']
    expect(read('problem.xml', pack, 40_000)).toEqual(
      ['data/secret/1.png', 'problem.xml', ...others, ...ofPolygon].sort(),
    )
    expect(() => read('problem.xml', pack, 20_000)).toThrow('unpacks to more than 20000 bytes')
    expect(() => read('problem.json', pack, 1_000_000)).toThrow('more than 7 files')
  }
  const large = zip([['1.in', Buffer.alloc(1024 * 1024 + 1)]])
  expect(() => readArchive(large, { maxBytes: 1024 * 1024, maxFiles: 1 })).toThrow(
    'unpacks to more than 1 MiB, the most',
  )
})

test('images that programs read are unpacked, so that their folder is refused', () => {
  const unread = unreadFiles(new Set(['problem.yaml']))
  const paths = ['data/secret/1.files/map.png', 'data/sample/a/1.files/b/c.desc', 'data/secret/1.png', 'data/a.desc']
  expect(paths.filter(unread)).toEqual(['data/secret/1.png', 'data/a.desc'])
})

test('what is not read here is told', () => {
  expect(() => readArchive(Buffer.from('hello'), BOUNDS)).toThrow(/neither a zip nor a tar/)
  expect(() => readArchive(Buffer.alloc(0), BOUNDS)).toThrow(/neither a zip nor a tar/)
  expect(() => readArchive(zip([['a', 'x']], { flags: 1 }), BOUNDS)).toThrow(/encrypted, at a/)
  expect(() => readArchive(zip([['a', 'x']], { method: 14 }), BOUNDS).get('a')).toThrow(/method 14/)
})

test('a path that is longer than those of jobs is refused', () => {
  const path = 'n'.repeat(1025)
  expect(() => readArchive(zip([[path, 'x']]), BOUNDS)).toThrow('has a path of 1025 characters; 1024 are allowed')
  expect(() => readArchive(zip([[path.slice(1), 'x']]), BOUNDS)).not.toThrow()
})

test('links and folders are left out, long names are read', () => {
  expect(shown(zip([['link', '/etc/passwd']], { mode: 0o120777 }))).toEqual({})
  expect(
    shown(
      tar(
        [
          ['link', ''],
          ['dir/', ''],
          ['a', '1'],
        ],
        { link: '2', 'dir/': '5' },
      ),
    ),
  ).toEqual({ a: '1' })
  const long = `${'d'.repeat(90)}/${'n'.repeat(90)}`
  const pax = `${long.length + 10} path=${long}\n`
  expect(Buffer.byteLength(pax)).toBe(long.length + 10)
  const end = 'n'.repeat(90)
  expect(
    shown(
      tar(
        [
          ['@', long],
          ['cut', 'gnu'],
        ],
        { '@': 'L' },
      ),
    ),
  ).toEqual({ [end]: 'gnu' })
  expect(
    shown(
      tar(
        [
          ['@', pax],
          ['cut', 'pax'],
        ],
        { '@': 'x' },
      ),
    ),
  ).toEqual({ [end]: 'pax' })
})

test('a zip whose content is not what it was is refused', () => {
  const packed = zip([['1.in', 'sum']], { method: 0 })
  packed.write('sun', packed.indexOf('sum'))
  expect(() => shown(packed)).toThrow(new ArchiveFault('is broken, at 1.in'))
})

test('a member of a zip is unpacked each time it is asked for, and nothing of it before', () => {
  const whole = zip([
    ['1.in', 'one'],
    ['2.in', 'two '.repeat(100)],
  ])
  const files = readArchive(whole, BOUNDS)
  expect([files.size, files.bytes, [...files.keys()]]).toEqual([2, 403, ['1.in', '2.in']])
  expect(files.get('2.in')).not.toBe(files.get('2.in'))
  // Spoilt after it was looked at: only who asks for that member sees it.
  const at = whole.indexOf('1.in') + '1.in'.length
  whole.fill(0xff, at, at + 3)
  expect(files.get('2.in')?.length).toBe(400)
  expect(() => files.get('1.in')).toThrow(/broken, at 1\.in/)
})
