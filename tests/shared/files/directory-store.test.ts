import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createDirectoryStore } from '../../../src/shared/files/directory-store.ts'
import { type FileStore, ObjectMissing, StoreFull, StoreUnavailable } from '../../../src/shared/files/file-store.ts'

const NAME = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d10'
const OTHER = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d11'

let folder: string
let store: FileStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-files-'))
  store = createDirectoryStore(folder, { minFreeBytes: 0 })
})
afterEach(() => rm(folder, { recursive: true }))

async function* pieces(...texts: (string | Error)[]) {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield Buffer.from(text)
  }
}
const read = async (name: string, range?: { start: number; end: number }) => {
  let text = ''
  for await (const chunk of await store.open(name, range)) text += String(chunk)
  return text
}
const allFiles = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map(({ name }) => name)

test('an object is what its pieces were, whole or a part of it', async () => {
  await store.put(NAME, pieces('hello, ', 'world'))
  expect(await read(NAME)).toBe('hello, world')
  expect(await read(NAME, { start: 7, end: 9 })).toBe('wor')
  await store.put(OTHER, pieces())
  expect(await read(OTHER)).toBe('')
})

test('an object whose content fails is not there, and leaves nothing', async () => {
  await expect(store.put(NAME, pieces('half', new Error('the client went away')))).rejects.toThrow('went away')
  await expect(store.open(NAME)).rejects.toBeInstanceOf(ObjectMissing)
  expect(await allFiles()).toEqual([])
})

test('what a process left that was killed is named, and goes with remove', async () => {
  await mkdir(join(folder, 'partial'), { recursive: true })
  await writeFile(join(folder, 'partial', NAME), 'half')
  await store.put(OTHER, pieces('whole'))
  const names: string[] = []
  for await (const { name } of store.names()) names.push(name)
  expect(names.sort()).toEqual([NAME, OTHER])
  for (const name of names) await store.remove(name)
  expect(await allFiles()).toEqual([])
  await store.remove(NAME)
})

test('less room than is to be left is told, and nothing is written', async () => {
  const careful = createDirectoryStore(folder, { minFreeBytes: Number.MAX_SAFE_INTEGER })
  await expect(careful.put(NAME, pieces('x'))).rejects.toBeInstanceOf(StoreFull)
  expect(await allFiles()).toEqual([])
})

test('a folder that cannot be used is told', async () => {
  await writeFile(join(folder, 'file'), '')
  const blocked = createDirectoryStore(join(folder, 'file', 'below'), { minFreeBytes: 0 })
  await expect(blocked.put(NAME, pieces('x'))).rejects.toBeInstanceOf(StoreUnavailable)
})

test.each([0o022, 0o077])(
  'where the folder around it is made for a group, its members can read what is stored: mask %i',
  async (mask) => {
    const shared = join(folder, 'shared')
    await mkdir(shared)
    await chmod(shared, 0o770)
    const theirs = createDirectoryStore(join(shared, 'namespace'), { minFreeBytes: 0 })
    const before = process.umask(mask)
    try {
      await theirs.put(NAME, pieces('ours'))
    } finally {
      process.umask(before)
    }
    const shard = join(shared, 'namespace', 'objects', NAME.slice(-2))
    const modes = await Promise.all(
      [join(shard, NAME), shard, join(shared, 'namespace')].map(async (path) => (await stat(path)).mode & 0o777),
    )
    expect(modes).toEqual([0o640, 0o770, 0o770])
  },
)

test('a name that Runyard did not make is refused before it is part of a path', async () => {
  for (const name of ['../escape', '', 'a', `${NAME}/../../x`, NAME.toUpperCase()]) {
    await expect(store.put(name, pieces('x'))).rejects.toThrow('not the name of a stored object')
    await expect(store.open(name)).rejects.toThrow('not the name of a stored object')
    await expect(store.remove(name)).rejects.toThrow('not the name of a stored object')
  }
})

test('only the user of the process can read what is stored', async () => {
  await store.put(NAME, pieces('secret'))
  const path = join(folder, 'objects', NAME.slice(-2), NAME)
  expect(await readFile(path, 'utf8')).toBe('secret')
  const { mode } = await stat(path)
  expect(mode & 0o777).toBe(0o600)
})
