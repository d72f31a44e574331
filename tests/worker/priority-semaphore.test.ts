import { describe, expect, test } from '@jest/globals'
import { createPrioritySemaphore, type Urgency } from '../../src/worker/sandbox/priority-semaphore.ts'

/** Tasks that end when they are told to, by name. */
function tasks(width: number) {
  const semaphore = createPrioritySemaphore(width)
  const ends = new Map<string, () => void>()
  const add = (urgency: Urgency, name: string) =>
    void semaphore.run(urgency, () => new Promise<void>((resolve) => ends.set(name, resolve)))
  const running = async () => {
    await new Promise(setImmediate)
    return [...ends.keys()]
  }
  const end = (name: string) => {
    ends.get(name)?.()
    ends.delete(name)
  }
  return { semaphore, add, running, end }
}

describe('a priority semaphore', () => {
  test('leaves a place for what somebody waits for', async () => {
    const { semaphore, add, running, end } = tasks(2)
    add('later', 'a')
    add('later', 'b')
    expect(await running()).toEqual(['a'])
    add('now', 'c')
    add('now', 'd')
    expect(await running()).toEqual(['a', 'c'])
    end('a')
    expect(await running()).toEqual(['c', 'd'])
    end('c')
    expect(await running()).toEqual(['d'])
    end('d')
    expect(await running()).toEqual(['b'])
    end('b')
    await semaphore.idle()
  })

  test('of one place lets everything through in turn', async () => {
    const { semaphore, add, running, end } = tasks(1)
    add('later', 'a')
    add('now', 'b')
    add('later', 'c')
    for (const name of ['a', 'b', 'c']) {
      expect(await running()).toEqual([name])
      end(name)
    }
    await semaphore.idle()
  })
})
