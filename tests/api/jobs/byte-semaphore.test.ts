import { expect, test } from '@jest/globals'
import { createByteSemaphore } from '../../../src/api/jobs/byte-semaphore.ts'

const MIB = 1024 * 1024
const open = new AbortController().signal
/** What has been let in by now. */
const settled = async (entering: Promise<unknown>[]): Promise<boolean[]> => {
  const done = entering.map(() => false)
  entering.forEach((one, index) => void one.then(() => (done[index] = true)))
  await new Promise(setImmediate)
  return done
}

test('lets in as many bytes as there is room for, and the rest in turn as others leave', async () => {
  const semaphore = createByteSemaphore(10 * MIB)
  const entering = [6, 4, 3, 1].map((mib) => semaphore.enter(mib * MIB, open))
  // The last would find no room either; and those who came before it go first.
  expect(await settled(entering)).toEqual([true, true, false, false])
  const leave = await entering[1]
  leave?.()
  leave?.()
  expect(await settled(entering)).toEqual([true, true, true, true])
  const more = semaphore.enter(MIB, open)
  expect(await settled([more])).toEqual([false])
  ;(await entering[0])?.()
  expect(await settled([more])).toEqual([true])
})

test('lets in what is small at once, and what is larger than all the room alone', async () => {
  const semaphore = createByteSemaphore(MIB)
  const large = semaphore.enter(5 * MIB, open)
  const small = semaphore.enter(64 * 1024, open)
  const other = semaphore.enter(MIB / 2, open)
  expect(await settled([large, small, other])).toEqual([true, true, false])
  ;(await large)()
  expect(await settled([other])).toEqual([true])
})

test('forgets who goes away while waiting', async () => {
  const semaphore = createByteSemaphore(MIB)
  const first = await semaphore.enter(MIB, open)
  const gone = new AbortController()
  const second = semaphore.enter(MIB, gone.signal)
  const third = semaphore.enter(MIB, open)
  gone.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  await expect(semaphore.enter(MIB, gone.signal)).rejects.toThrow('gone')
  first()
  expect(await settled([third])).toEqual([true])
})
