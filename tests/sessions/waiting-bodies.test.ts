import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { Language } from '../../src/shared/language.ts'
import type { SessionLimits, SessionSpec } from '../../src/shared/sessions/session.ts'
import type { SessionBody } from '../../src/worker/sessions/session-body.ts'
import { createWaitingBodies, type WaitingBodies } from '../../src/worker/sessions/waiting-bodies.ts'

const LIMITS: SessionLimits = {
  memoryBytes: 100,
  processes: 1,
  outputBytes: 1,
  fileBytes: 1,
  openFiles: 1,
  stackBytes: 1,
  cpuMs: 1,
}
const PYTHON = { id: 'python', kernel: {} } as Language
const specOf = (environment?: string, more: object = {}) =>
  ({
    head: { language: 'python', kernel: true, limits: LIMITS },
    env: {},
    environment,
    ...more,
  }) as unknown as SessionSpec

/** @param fails environments that cannot be had */
function rig(roomFor: number, fails: readonly string[] = []) {
  const made: string[] = []
  const released: string[] = []
  const bodies: WaitingBodies = createWaitingBodies({
    ready: 1,
    limitsOf: () => LIMITS,
    async make(_language, _limits, environment) {
      const name = environment ?? 'none'
      made.push(name)
      if (fails.includes(name)) throw new Error('its packages are gone')
      const never = new Promise<never>(() => undefined)
      return { name, ready: never, stage: never, release: () => released.push(name) } as unknown as SessionBody
    },
    freeBytes: () => roomFor * LIMITS.memoryBytes - bodies.usedBytes,
    log: pino({ level: 'silent' }),
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return {
    bodies,
    made,
    released,
    look: async () => {
      bodies.look()
      await settle()
    },
    taken: (spec: SessionSpec) => (bodies.take(spec) as unknown as { name: string } | undefined)?.name,
  }
}

test('a session takes the one that has its packages, and no other', async () => {
  const { bodies, look, taken } = rig(5)
  bodies.wanted(PYTHON, undefined)
  bodies.wanted(PYTHON, 'data')
  await look()
  expect(taken(specOf('other'))).toBeUndefined()
  expect(taken(specOf('data', { env: { A: 'b' } }))).toBeUndefined()
  expect(taken(specOf('data'))).toBe('data')
  expect(taken(specOf('data'))).toBeUndefined()
  expect(taken(specOf())).toBe('none')
  await look()
  expect(taken(specOf('data'))).toBe('data')
})

test('only those of the packages that were asked for last are kept', async () => {
  const { bodies, look, made, released, taken } = rig(9)
  bodies.wanted(PYTHON, undefined)
  for (const environment of ['a', 'b']) bodies.wanted(PYTHON, environment)
  await look()
  for (const environment of ['a', 'c']) bodies.wanted(PYTHON, environment)
  await look()
  expect(made).toEqual(['none', 'a', 'b', 'c'])
  expect(released).toEqual(['b'])
  expect([specOf(), specOf('a'), specOf('b'), specOf('c')].map(taken)).toEqual(['none', 'a', undefined, 'c'])
})

test('packages that are gone are tried once, and keep no others from being made', async () => {
  const { bodies, look, made, taken } = rig(9, ['gone'])
  bodies.wanted(PYTHON, 'gone')
  await look()
  bodies.wanted(PYTHON, undefined)
  await look()
  await look()
  expect(made).toEqual(['gone', 'none'])
  expect(taken(specOf())).toBe('none')
})

test('all of them give way when a session needs their memory', async () => {
  const { bodies, look, released } = rig(2)
  bodies.wanted(PYTHON, undefined)
  bodies.wanted(PYTHON, 'data')
  await look()
  expect(bodies.usedBytes).toBe(200)
  expect(bodies.makeRoom(200)).toBe(true)
  expect(released).toEqual(['none', 'data'])
  expect(bodies.makeRoom(300)).toBe(false)
})

test('those with packages are given up when the place is needed, and made again for the next session', async () => {
  const { bodies, look, made, released, taken } = rig(9)
  for (const environment of [undefined, 'a', 'b']) bodies.wanted(PYTHON, environment)
  await look()
  const isNamed = (name: string) => (body: unknown) => (body as { name: string }).name === name
  expect(bodies.giveUp(isNamed('other'))).toBe(false)
  expect(bodies.giveUp(isNamed('a'))).toBe(true)
  expect(released).toEqual(['a'])
  await look()
  expect(made).toEqual(['none', 'a', 'b'])
  expect(bodies.giveUp(() => true)).toBe(true)
  expect(released).toEqual(['a', 'b'])
  await look()
  expect(taken(specOf())).toBe('none')
  expect(taken(specOf('b'))).toBeUndefined()
  bodies.wanted(PYTHON, 'b')
  await look()
  expect(taken(specOf('b'))).toBe('b')
})

test('one that is still being made is given up too', async () => {
  const { bodies, released, taken } = rig(9)
  bodies.wanted(PYTHON, 'a')
  bodies.look()
  expect(bodies.giveUp(() => false)).toBe(false)
  expect(bodies.count).toBe(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(released).toEqual(['a'])
  expect(taken(specOf('a'))).toBeUndefined()
})
