import { createHash, randomUUID } from 'node:crypto'
import { afterAll, describe, expect, test } from '@jest/globals'
import { ObjectMissing } from '../../src/shared/files/file-store.ts'
import { createS3Store } from '../../src/shared/files/s3-store.ts'
import { MIB } from '../../src/shared/limits.ts'
import { testS3 } from './s3-settings.ts'

const { settings } = testS3()
const store = createS3Store(settings, 'store-test')
afterAll(() => store.close())

/** So many bytes in pieces of an odd size, and an error behind them if one is given. */
async function* content(bytes: number, error?: Error) {
  for (let at = 0; at < bytes; at += 77_777) yield Buffer.alloc(Math.min(77_777, bytes - at), at % 251)
  if (error) throw error
}
const hashOf = async (pieces: AsyncIterable<unknown>) => {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of pieces) {
    hash.update(piece as Buffer)
    bytes += (piece as Buffer).length
  }
  return [bytes, hash.digest('hex')]
}
const names = async () => {
  const found: string[] = []
  for await (const { name, changedMs } of store.names()) {
    expect(Math.abs(Date.now() - changedMs)).toBeLessThan(3_600_000)
    found.push(name)
  }
  return found.sort()
}

describe('an object', () => {
  test.each([0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 12 * MIB])('of %d bytes is what was put', async (bytes) => {
    const name = randomUUID()
    await store.put(name, content(bytes))
    expect(await hashOf(await store.open(name))).toEqual(await hashOf(content(bytes)))
    await store.remove(name)
    await expect(store.open(name)).rejects.toBeInstanceOf(ObjectMissing)
  })

  test('is read in part', async () => {
    const name = randomUUID()
    await store.put(name, content(11 * MIB))
    const whole: Buffer[] = []
    for await (const piece of content(11 * MIB)) whole.push(piece)
    const part: Buffer[] = []
    for await (const piece of await store.open(name, { start: 5_000_000, end: 6_000_000 })) part.push(piece as Buffer)
    expect(Buffer.concat(part).equals(Buffer.concat(whole).subarray(5_000_000, 6_000_001))).toBe(true)
    await store.remove(name)
  })

  test('whose content fails is not there, and leaves no part', async () => {
    for (const bytes of [1000, 7 * MIB, 12 * MIB]) {
      const name = randomUUID()
      await expect(store.put(name, content(bytes, new Error('the client went away')))).rejects.toThrow('went away')
      await expect(store.open(name)).rejects.toBeInstanceOf(ObjectMissing)
    }
    expect(await names()).toEqual([])
  })

  test('is listed with the others', async () => {
    const made = [randomUUID(), randomUUID()].sort()
    for (const name of made) await store.put(name, content(10))
    expect(await names()).toEqual(made)
    for (const name of made) await store.remove(name)
    await store.remove(randomUUID())
    expect(await names()).toEqual([])
  })
})

test('many puts at one time all succeed, though few hold a part', async () => {
  const made = Array.from({ length: 12 }, () => randomUUID())
  await Promise.all(made.map((name) => store.put(name, content(6 * MIB))))
  expect(await names()).toEqual(made.toSorted())
  await Promise.all(made.map((name) => store.remove(name)))
})

test('a wrong secret is refused by the server', async () => {
  const other = createS3Store({ ...settings, secretAccessKey: 'wrong' }, 'store-test')
  await expect(other.put(randomUUID(), content(10))).rejects.toThrow(/403 SignatureDoesNotMatch/)
  await other.close()
})

test('a server that is away is told after a few tries', async () => {
  const other = createS3Store({ ...settings, endpoint: 'http://127.0.0.1:9' }, 'store-test')
  await expect(other.open(randomUUID())).rejects.toThrow(/ECONNREFUSED/)
  await other.close()
})
