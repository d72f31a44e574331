import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { statSync } from 'node:fs'
import { promisify } from 'node:util'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { pino } from 'pino'
import { unlessAborted } from '../../src/worker/sandbox/acquire-patiently.ts'
import { createTreeStore, NoRoom } from '../../src/worker/environments/tree-store.ts'
import { PackFault, unpack } from '../../src/worker/environments/unpack.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-trees-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Entry = [path: string | Buffer, content: string, executable?: boolean]

function packOf(entries: readonly Entry[], end = true): Buffer {
  const parts = [Buffer.from('RYPACK1\n')]
  for (const [path, content, executable = false] of [...entries, ...(end ? [['', ''] as Entry] : [])]) {
    const head = Buffer.alloc(11)
    head[0] = executable ? 1 : 0
    head.writeUInt16BE(Buffer.from(path as string).length, 1)
    head.writeBigUInt64BE(BigInt(content.length), 3)
    parts.push(head, Buffer.from(path as string), Buffer.from(content))
  }
  return Buffer.concat(parts)
}

const KIB = 1024
const bounds = { maxBytes: 64 * KIB, maxFiles: 4 }
async function unpacked(bytes: Buffer) {
  const pack = join(folder, 'pack')
  const target = join(folder, 'target')
  await writeFile(pack, bytes)
  await rm(target, { recursive: true, force: true })
  await mkdir(target)
  return unpack(pack, target, bounds)
}

test('a pack becomes files with their modes', async () => {
  const answer = await unpacked(
    packOf([
      ['a.py', 'x = 1'],
      ['b/c/run', '#!', true],
    ]),
  )
  // With the folders b and b/c.
  expect(answer).toEqual({ bytes: 16 * KIB, files: 4 })
  expect(await readFile(join(folder, 'target/a.py'), 'utf8')).toBe('x = 1')
  expect((await stat(join(folder, 'target/b/c/run'))).mode & 0o777).toBe(0o755)
})

const hostile: [title: string, pack: Buffer][] = [
  ['a path upwards', packOf([['../x', '']])],
  ['a path upwards within', packOf([['a/../../x', '']])],
  ['an absolute path', packOf([['/etc/x', '']])],
  ['a path with NUL', packOf([['a\0b', '']])],
  ['a path that is not UTF-8', packOf([[Buffer.from([0x61, 0xff]), '']])],
  // Of 200 characters.
  ['a name of 400 bytes', packOf([['é'.repeat(200), '']])],
  ['a folder with a name of 256 bytes', packOf([[`${'x'.repeat(256)}/a`, '']])],
  [
    'two files of one name',
    packOf([
      ['a', '1'],
      ['a', '2'],
    ]),
  ],
  [
    'a file below a file',
    packOf([
      ['a', '1'],
      ['a/b', '2'],
    ]),
  ],
  [
    'a file where a folder stands',
    packOf([
      ['a/b', '1'],
      ['a', '2'],
    ]),
  ],
  ['too many files', packOf([1, 2, 3, 4, 5].map((n): Entry => [`${n}`, '']))],
  ['too many folders', packOf([['a/b/c/d/e', '']])],
  ['too many bytes', packOf([['a', 'x'.repeat(64 * KIB + 1)]])],
  ['no end', packOf([['a', 'x']], false)],
  ['more behind its end', Buffer.concat([packOf([]), Buffer.from('x')])],
  ['another beginning', Buffer.from('PK\u0003\u0004 and more')],
]
test.each(hostile)('a pack with %s is refused', async (_title, pack) => {
  await expect(unpacked(pack)).rejects.toBeInstanceOf(PackFault)
})

const key = (digit: number) => String(digit).repeat(64)
const store = (maxBytes: number, minFreeBytes = 0, evicted?: (key: string) => void) =>
  createTreeStore({
    folder,
    bounds,
    maxBytes,
    minFreeBytes,
    log: pino({ level: 'silent' }),
    ...(evicted && { evicted }),
  })

async function add(trees: ReturnType<typeof store>, digit: number, usedAt = digit) {
  const pack = join(folder, `pack-of-${digit}`)
  await writeFile(pack, packOf([['file', 'x'.repeat(6 * KIB)]]))
  await trees.add(key(digit), pack)
  await utimes(join(folder, `${key(digit)}.json`), usedAt, usedAt)
}
const there = async () => (await readdir(folder)).filter((name) => /^\d{64}$/.test(name)).map((name) => Number(name[0]))

test('the least recently used environments make room, and none that is held', async () => {
  const trees = store(20 * KIB)
  for (const digit of [1, 2, 3]) await add(trees, digit)
  const release = trees.hold(key(1))
  await utimes(join(folder, `${key(1)}.json`), 1, 1)
  await add(trees, 4)
  expect(await there()).toEqual([1, 3, 4])
  release()
  await add(trees, 5)
  expect(await there()).toEqual([3, 4, 5])
  expect(await trees.size()).toEqual({ environments: 3, bytes: 18 * KIB })
})

test('what is held counts as used from then on, before anything else is asked', async () => {
  const trees = store(20 * KIB)
  for (const digit of [1, 2, 3]) await add(trees, digit)
  // Whatever else the process has asked of its threads is not done yet.
  const busy = Array.from({ length: 16 }, () => promisify(pbkdf2)('', '', 100_000, 64, 'sha512'))
  const release = trees.hold(key(1))
  const lastUse = statSync(join(folder, `${key(1)}.json`)).mtimeMs
  release()
  await Promise.all(busy)
  expect(lastUse).toBeGreaterThan(Date.now() - 60_000)
})

test('what was evicted is told, and is another tree when it comes back', async () => {
  const gone: string[] = []
  const trees = store(20 * KIB, 0, (one) => gone.push(one))
  for (const digit of [1, 2]) await add(trees, digit)
  const before = await trees.find(key(1))
  await add(trees, 1, 1)
  expect(await trees.find(key(1))).toEqual(before)
  await add(trees, 3)
  await add(trees, 4)
  expect(gone).toEqual([key(1)])
  await add(trees, 1)
  expect((await trees.find(key(1)))?.tree).not.toBe(before?.tree)
})

test('a folder without its size, as a worker that was killed leaves one, counts as not there and is replaced', async () => {
  const trees = store(64 * KIB)
  await add(trees, 1)
  await rm(join(folder, `${key(1)}.json`))
  expect(await trees.find(key(1))).toBeUndefined()
  await add(trees, 1)
  expect(await trees.find(key(1))).toMatchObject({ files: 1 })
  await rm(join(folder, `${key(1)}.json`))
  await utimes(join(folder, key(1)), 1, 1)
  await store(64 * KIB).newPack()
  expect(await there()).toEqual([])
})

test('what a process was making or removing goes when it has ended, and stays while it lives', async () => {
  const ended = spawnSync('true').pid
  const ofProcess = (pid: number) =>
    ['new', 'gone', 'pack'].map((what) => `${what}-${pid}-01234567-89ab-cdef-0123-456789abcdef`)
  for (const name of [...ofProcess(ended), ...ofProcess(process.ppid)]) await mkdir(join(folder, name))
  await store(64 * KIB).newPack()
  expect((await readdir(folder)).sort()).toEqual(ofProcess(process.ppid).sort())
})

test('room is made for what many small files take, not only for their pack', async () => {
  const trees = store(20 * KIB)
  for (const digit of [1, 2]) await add(trees, digit)
  const pack = join(folder, 'pack-of-many')
  await writeFile(pack, packOf(['a', 'b', 'c'].map((name): Entry => [name, 'x'])))
  await trees.add(key(3), pack)
  expect(await there()).toEqual([2, 3])
})

test('what others are about to keep takes room, whichever process they are of', async () => {
  const trees = store(20 * KIB)
  for (const digit of [1, 2]) await add(trees, digit)
  const claim = join(folder, `new-${process.ppid}-01234567-89ab-cdef-0123-456789abcdef.json`)
  await writeFile(claim, JSON.stringify({ bytes: 6 * KIB, files: 1 }))
  await add(trees, 3)
  expect(await there()).toEqual([2, 3])
  await rm(claim)
  await Promise.all([4, 5, 6, 7].map((digit) => add(trees, digit)))
  expect((await trees.size()).bytes).toBeLessThanOrEqual(20 * KIB)
})

test('what another process of the host holds does not go', async () => {
  const trees = store(20 * KIB)
  for (const digit of [1, 2, 3]) await add(trees, digit)
  await writeFile(join(folder, `${key(1)}.held-${process.ppid}`), '')
  await add(trees, 4)
  expect(await there()).toEqual([1, 3, 4])
})

test('what a worker held that had the id of a living process before it goes, as in a container that starts again', async () => {
  const before = store(20 * KIB)
  for (const digit of [1, 2, 3]) await add(before, digit)
  // No process but the first begins with the system.
  await writeFile(join(folder, `${key(1)}.held-${process.pid}.0`), '')
  // As names were before.
  await writeFile(join(folder, `${key(1)}.held-${process.pid}`), '')
  await mkdir(join(folder, `new-${process.pid}.0-01234567-89ab-cdef-0123-456789abcdef`))
  const release = before.hold(key(2))
  await add(store(20 * KIB), 4)
  expect(await there()).toEqual([2, 3, 4])
  release()
  expect((await readdir(folder)).filter((name) => /^new-|held-/.test(name))).toEqual([])
})

test('with everything held, or no room on the disk, nothing is added and nothing is left', async () => {
  const trees = store(14 * KIB)
  await add(trees, 1)
  await add(trees, 2)
  trees.hold(key(1))
  trees.hold(key(2))
  await expect(add(trees, 3)).rejects.toBeInstanceOf(NoRoom)
  await expect(add(store(1e6, 2 ** 60), 4)).rejects.toBeInstanceOf(NoRoom)
  expect(await there()).toEqual([1, 2])
  expect((await readdir(folder)).filter((name) => name.startsWith('new-'))).toEqual([])
})

test('a job that ends does not wait for its packages, and lets go of them when they come', async () => {
  const job = new AbortController()
  let come = (_held: { release: () => void }) => {}
  const used = unlessAborted(new Promise<{ release: () => void }>((resolve) => (come = resolve)), job.signal)
  job.abort('cancelled')
  await expect(used).rejects.toBe('cancelled')
  const released = new Promise<void>((resolve) => come({ release: resolve }))
  await expect(released).resolves.toBeUndefined()
})

test('a file is whole where the disk takes a part of what is written at a time', async () => {
  const file = await open(join(folder, 'any'), 'w')
  const whole = Object.getPrototypeOf(file) as { write: (bytes: Uint8Array, at?: number) => Promise<unknown> }
  await file.close()
  const { write } = whole
  const part = jest.spyOn(whole, 'write').mockImplementation(function (this: unknown, bytes, at = 0) {
    return write.call(this, bytes.subarray(at, at + 3))
  })
  try {
    await unpacked(packOf([['a.py', 'x = 12345']]))
  } finally {
    part.mockRestore()
  }
  expect(await readFile(join(folder, 'target/a.py'), 'utf8')).toBe('x = 12345')
})
