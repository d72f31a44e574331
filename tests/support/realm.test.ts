import { afterEach, describe, expect, test } from '@jest/globals'

/** Test files run outside of the realm in which jest has the matchers that it gives: those here tell apart what is alike in that. */
describe('a matcher', () => {
  test.each([
    ['dates', new Date(1), new Date(2)],
    ['errors', new Error('one'), new Error('two')],
    ['sets', new Set([1]), new Set([2])],
    ['maps', new Map([[1, 1]]), new Map([[1, 2]])],
    ['buffers', Buffer.from('one'), Buffer.from('two')],
    ['lists', ['one'], ['two']],
  ])('%s are equal or not, by themselves and within others', (_, one, two) => {
    for (const matcher of ['toEqual', 'toStrictEqual', 'toMatchObject'] as const) {
      expect({ one })[matcher]({ one })
      expect(() => expect({ one })[matcher]({ one: two })).toThrow(/one/)
    }
  })

  test.each([
    [String, 'text', 1],
    [Number, 1, 'text'],
    [Boolean, false, 0],
    [BigInt, 1n, 1],
    [Symbol, Symbol('one'), 'one'],
    [Function, () => 1, {}],
    [Array, [], {}],
    [Object, {}, 1],
    [Date, new Date(), 1],
    [Error, new TypeError('one'), {}],
  ])('%p is any of its kind', (type, is, isNot) => {
    expect({ is }).toEqual({ is: expect.any(type) })
    expect({ isNot }).not.toEqual({ isNot: expect.any(type) })
  })

  test('an error is of its class, that of node itself too, and says where it was made', async () => {
    class Own extends Error {}
    const own = () => {
      throw new Own('one')
    }
    expect(own).toThrow(Own)
    expect(own).toThrow(Error)
    expect(own).not.toThrow(TypeError)
    expect(() => new URL('no address')).toThrow(TypeError)
    await expect(Promise.reject(new Own('one'))).rejects.toBeInstanceOf(Error)
    expect(new Own('one').stack).toContain('tests/support/realm.test.ts:45')
  })
})

describe('a hook', () => {
  const ran: string[] = []
  afterEach(() => void ran.push('after'))

  test('runs', () => expect(ran).toEqual([]))
  test('after each test', () => expect(ran).toEqual(['after']))
})
