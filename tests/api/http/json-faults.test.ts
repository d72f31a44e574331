import { describe, expect, test } from '@jest/globals'
import { jsonFaults, MAX_DEPTH, MAX_MEMBERS, MAX_NAME_LENGTH } from '../../../src/api/http/json-faults.ts'

describe('an ordinary text has no faults:', () => {
  test.each([
    '{}',
    '[]',
    '"a"',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a":"{\\"a\\":1,\\"a\\":2}","b":"[[[["}',
    '{"a\\\\":1,"a":2}',
    '{"":1,"a":""}',
    `{ "a" : [ "b" , "b" , "c" ] ,\n "b" : "a" }`,
    '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH),
  ])('%s', (text) => {
    JSON.parse(text)
    expect(jsonFaults(text)).toEqual([])
  })
})

describe('a name that stands twice is found:', () => {
  test.each([
    { text: '{"a":1,"a":2}', pointer: '/a' },
    { text: '{"a":1,"b":{"c":1},"a":2}', pointer: '/a' },
    { text: '{"l":[0,{"x":1,"y":[1,2],"x":3}]}', pointer: '/l/1/x' },
    { text: '{"a":1,"\\u0061":2}', pointer: '/a' },
    { text: '{"a/b":1,"a~b":{"c":1,"c":2}}', pointer: '/a~0b/c' },
    { text: '{"":1,"":2}', pointer: '/' },
  ])('$text', ({ text, pointer }) => {
    JSON.parse(text)
    expect(jsonFaults(text)).toEqual([{ pointer, detail: 'appears twice' }])
  })
})

test('a name that reaches a prototype is found, however it is written', () => {
  for (const text of ['{"a":{"__proto__":{}}}', '{"a":{"\\u005f_proto__":{}}}']) {
    expect(jsonFaults(text)).toEqual([{ pointer: '/a/__proto__', detail: 'is not an allowed name' }])
  }
})

describe('a number that would come back as another one is found:', () => {
  test.each([
    '1234567890123456789',
    '-1234567890123456789',
    '9007199254740992',
    '9007199254740994',
    `1${'0'.repeat(400)}`,
    '1e400',
    '-1e309',
    '1e-400',
    '0.12345678901234567891',
    '9007199254740993.0',
    '9007199254740993e0',
    '123456789012345678.5',
  ])('%s', (number) => {
    const [fault, ...others] = jsonFaults(`{"metadata":{"a":["x",${number}]}}`)
    expect(fault).toEqual({ pointer: '/metadata/a/1', detail: expect.stringContaining(`is ${number.slice(0, 40)}`) })
    expect(others).toEqual([])
    expect(jsonFaults(number)).toHaveLength(1)
  })
})

describe('a number of which nothing is lost is none of these:', () => {
  test.each([
    '0',
    '-0',
    '1',
    '9007199254740991',
    '-9007199254740991',
    '0.1',
    '1e22',
    '1.5E+3',
    '0.10000000000000001',
    '1e-7',
    '0.00000000000000000001',
    '0e0',
    '0.000',
    '1.7976931348623157e308',
    '5e-324',
    '0.50000000000000000000',
  ])('%s', (number) => {
    JSON.parse(number)
    expect(jsonFaults(`{"a":${number},"b":[${number} ,\n${number}]}`)).toEqual([])
  })

  test('digits within a text', () => {
    expect(jsonFaults('{"1234567890123456789":"1234567890123456789"}')).toEqual([])
  })
})

describe('half of a character is found, wherever it stands:', () => {
  test.each([
    { text: '{"a":"\\ud83d"}', pointer: '/a' },
    { text: '{"a":["x","\\ude00\\ud83d"]}', pointer: '/a/1' },
    { text: '{"a":{"\\uDC00":1}}', pointer: '/a/\udc00' },
    { text: '"\\ud800x"', pointer: '' },
  ])('$text', ({ text, pointer }) => {
    JSON.parse(text)
    expect(jsonFaults(text)).toEqual([{ pointer, detail: expect.stringMatching(/half of a character/) }])
  })

  test('and whole ones are not', () => {
    for (const text of ['{"a":"\\ud83d\\ude00"}', '"\\\\ud83d"', '"😀"', '"\\u00e9"']) {
      JSON.parse(text)
      expect(jsonFaults(text)).toEqual([])
    }
  })
})

test('nesting of ten thousand levels is one fault, with the place where it went too deep', () => {
  const [fault, ...others] = jsonFaults(`{"metadata":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)
  expect(fault?.detail).toBe('is nested over 32 levels deep')
  expect(fault?.pointer).toBe(`/metadata${'/0'.repeat(MAX_DEPTH - 1)}`)
  expect(others).toEqual([])
})

test('a thousand doubles are told of a few times', () => {
  expect(jsonFaults(`{${'"a":1,'.repeat(1000)}"b":1}`)).toHaveLength(16)
})

describe('what no request comes near is refused before anything is made of it:', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
  const object = (count: number) => JSON.stringify(Object.fromEntries(numbers(count).map((i) => [`f${i}`, i])))

  test('more members than any object or list of a request may have, wherever it stands', () => {
    expect(jsonFaults(object(MAX_MEMBERS))).toEqual([])
    expect(jsonFaults(JSON.stringify(numbers(MAX_MEMBERS)))).toEqual([])
    expect(jsonFaults(object(MAX_MEMBERS + 1))).toEqual([{ pointer: '', detail: 'has over 4096 members' }])
    expect(jsonFaults(`{"a":[0,${JSON.stringify(numbers(MAX_MEMBERS + 1))}]}`)).toEqual([
      { pointer: '/a/1', detail: 'has over 4096 members' },
    ])
  })

  test('a name that is longer than all of the text a request may name', () => {
    expect(jsonFaults(`{"a":{"${'n'.repeat(MAX_NAME_LENGTH)}":1}}`)).toEqual([])
    expect(jsonFaults(`{"a":{"${'n'.repeat(MAX_NAME_LENGTH + 1)}":1}}`)).toEqual([
      { pointer: '/a', detail: 'has a name of over 4096 characters' },
    ])
  })
})

test('what is not JSON is looked at without harm', () => {
  for (const text of ['', '}', ']]', '{"', '{"\\', '{"\\u00', '{"\\x":1}', ',,,', '[,', '"\\"', ':', '{"a":}']) {
    expect(jsonFaults(text)).toEqual([])
  }
})
