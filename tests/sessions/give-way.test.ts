import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { createTreeStore, NoRoom } from '../../src/worker/environments/tree-store.ts'
import { withGivingWay } from '../../src/worker/sessions/give-way.ts'

const KIB = 1024
const keyOf = (letter: string) => letter.repeat(64)
let folder: string
let pack: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-give-way-'))
  pack = join(folder, 'pack')
  const head = Buffer.alloc(11)
  head.writeUInt16BE(1, 1)
  head.writeBigUInt64BE(1n, 3)
  await writeFile(pack, Buffer.concat([Buffer.from('RYPACK1\n'), head, Buffer.from('ax'), Buffer.alloc(11)]))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A store with room for two, of whose environments sandboxes have some that only wait. */
function rig() {
  const trees = createTreeStore({
    folder: join(folder, 'trees'),
    bounds: { maxBytes: 64 * KIB, maxFiles: 4 },
    maxBytes: 8 * KIB,
    minFreeBytes: 0,
    log: pino({ level: 'silent' }),
  })
  const waits = new Map<string, () => void>()
  const giving = withGivingWay(trees, (key) => {
    const given = [...waits].filter(([one]) => key === undefined || one === key)
    for (const [one, release] of given) {
      release()
      waits.delete(one)
    }
    return given.length > 0
  })
  const keys = async () => {
    const here = new Set((await trees.list()).map(({ key }) => key[0]))
    return ['a', 'b', 'c', 'd'].filter((letter) => here.has(letter)).join('')
  }
  return { trees, giving, keys, wait: (letter: string) => waits.set(keyOf(letter), trees.hold(keyOf(letter))) }
}

test('what only waits gives way to an eviction, what is in use does not', async () => {
  const { trees, giving, keys, wait } = rig()
  for (const letter of ['a', 'b']) await giving.add(keyOf(letter), pack)
  wait('a')
  trees.hold(keyOf('b'))
  expect(await trees.evict(keyOf('a'))).toBe(false)
  expect(await giving.evict(keyOf('b'))).toBe(false)
  expect(await giving.evict(keyOf('a'))).toBe(true)
  expect(await keys()).toBe('b')
})

test('what only waits gives way to packages that find no room, what is in use does not', async () => {
  const { trees, giving, keys, wait } = rig()
  for (const letter of ['a', 'b']) await giving.add(keyOf(letter), pack)
  wait('a')
  trees.hold(keyOf('b'))
  await expect(trees.add(keyOf('c'), pack)).rejects.toBeInstanceOf(NoRoom)
  await giving.add(keyOf('c'), pack)
  expect(await keys()).toBe('bc')
  trees.hold(keyOf('c'))
  await expect(giving.add(keyOf('d'), pack)).rejects.toBeInstanceOf(NoRoom)
})
