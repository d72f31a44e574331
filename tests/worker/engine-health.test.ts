import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { pino } from 'pino'
import { acquirePatiently, NoSandbox } from '../../src/worker/sandbox/acquire-patiently.ts'
import { createEngineHealth, EngineDown } from '../../src/worker/sandbox/engine-health.ts'
import type { Engine } from '../../src/worker/sandbox/engine.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import type { Lease, SandboxPool } from '../../src/worker/sandbox/pool.ts'

const log = pino({ level: 'silent' })
const SECOND = 1000

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
})
afterEach(() => {
  jest.useRealTimers()
})

/** An engine that answers, and makes sandboxes as `create` does. */
const health = (create: () => Promise<Sandbox>) => {
  const changes: boolean[] = []
  const engine = { ping: async () => undefined } as unknown as Engine
  const options = { engine, create, trial: create, changed: (up: boolean) => changes.push(up), log }
  return { changes, health: createEngineHealth(options) }
}
const hang = () =>
  new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('no answer')), 10 * SECOND))

test('an engine that answers but takes for ever to make a sandbox is down after a few', async () => {
  const { health: own, changes } = health(hang)
  for (let i = 0; i < 4; i++) {
    const made = expect(own.create('image', 1)).rejects.toThrow('no answer')
    await jest.advanceTimersByTimeAsync(10 * SECOND)
    await made
  }
  expect(own.up).toBe(false)
  expect(changes).toEqual([false])
  await expect(own.create('image', 1)).rejects.toThrow(EngineDown)
  own.stop()
})

test('one that fails now and then is not', async () => {
  let count = 0
  const { health: own } = health(async () => {
    if (count++ % 4 === 3) return {} as Sandbox
    throw new Error('no')
  })
  for (let i = 0; i < 12; i++) {
    await own.create('image', 1).catch(() => undefined)
    await jest.advanceTimersByTimeAsync(9 * SECOND)
  }
  expect(own.up).toBe(true)
  own.stop()
})

test('a job for which no sandbox is made for long can go elsewhere; one whose image cannot run cannot', async () => {
  const pool = (error: Error) => ({ acquire: () => Promise.reject<Lease>(error) }) as unknown as SandboxPool
  const request = { image: 'image', memoryBytes: 1, tenant: 'a', shareable: true }
  const { signal } = new AbortController()
  await expect(acquirePatiently(pool(new Error('no')), request, signal, log, [0, 0])).rejects.toThrow(NoSandbox)
  const noImage = Object.assign(new Error('no such image'), { statusCode: 404 })
  await expect(acquirePatiently(pool(noImage), request, signal, log)).rejects.toThrow('no such image')
})
