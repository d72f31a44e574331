import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createKeys, isKeyName, type KeyName } from '../../src/shared/redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../../src/shared/redis/lua-script.ts'
import { openTestRedis, type TestRedis } from './security/test-redis.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

test('every key has the same name in scripts as in the program', async () => {
  const { redis, keys } = own
  const names = Object.keys(keys).filter((name) => isKeyName(name))
  expect(names).toHaveLength(Object.keys(keys).length - 1)
  const called = (name: KeyName) => (typeof keys[name] === 'string' ? `keys.${name}` : `keys.${name}('one', 'two')`)
  const script = luaScript<Record<string, never>, string[]>('runyardNames', `return {${names.map(called).join(', ')}}`)
  defineScripts(redis, [script])
  const spelled = names.map((name) => {
    const key = keys[name] as string | ((...values: string[]) => string)
    return typeof key === 'string' ? key : key('one', 'two')
  })
  expect(await runScript(redis, keys.prefix, script, {})).toEqual(spelled)
  expect(new Set(spelled).size).toBe(spelled.length)
})

test('scalars come by their names, and what may be long as it is', async () => {
  const { redis, keys } = own
  const script = luaScript<
    { text: string; count: number; yes: boolean; absent: undefined; list: readonly { id: string }[] },
    [string, string, string, string, string]
  >(
    'runyardEcho',
    `redis.call('SET', keys.mark, bulk[2])
return {input.text, tostring(input.count), tostring(input.yes), tostring(input.absent), input.list[2].id .. #bulk}`,
  )
  defineScripts(redis, [script])
  const bytes = Buffer.from([0, 255, 10, 13])
  const input = { text: 'a"\u0000é', count: 1.5, yes: true, absent: undefined, list: [{ id: 'x' }, { id: 'y' }] }
  expect(await runScript(redis, keys.prefix, script, input, ['{"not": "parsed"', bytes])).toEqual([
    'a"\u0000é',
    '1.5',
    'true',
    'nil',
    'y2',
  ])
  expect(await redis.getBuffer(keys.mark)).toEqual(bytes)
})

test('a script that names a key which there is not is refused when it is loaded', () => {
  expect(() => luaScript('runyardWrong', `return redis.call('GET', keys.nosuch)`)).toThrow('there is no key nosuch')
})

test('a key has its arguments where its name has room for them', () => {
  const keys = createKeys('here')
  expect(keys.idempotency('me', 'hash')).toBe('{here}:idempotency:me:hash')
  expect(keys.lastInstallationOf('c')).toBe('{here}:installation-of:c:last')
  expect(keys.jobStatistics(10)).toBe('{here}:figures:10')
})
