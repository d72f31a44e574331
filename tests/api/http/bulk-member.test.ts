import { describe, expect, jest, test } from '@jest/globals'
import { createBase64Decoder } from '../../../src/api/http/base64-decoder.ts'
import { createBulkMember, RestTooLong } from '../../../src/api/http/bulk-member.ts'

const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 37 + (i >> 3)) % 256))
const BASE64 = BYTES.toString('base64')

/** What comes of a text that arrives in pieces of so many bytes. */
function split(text: string | Buffer, pieceBytes: number, mostOfRest = 65_536) {
  const whole = Buffer.from(text as string)
  const bulk = createBulkMember('archive', whole.length, mostOfRest)
  for (let at = 0; at < whole.length; at += pieceBytes) bulk.add(whole.subarray(at, at + pieceBytes))
  return { rest: bulk.rest().toString(), bytes: bulk.bytes() }
}
const SIZES = [1, 2, 3, 5, 64, 100_000]
const inUnicode = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

describe.each(SIZES)('in pieces of %d bytes', (size) => {
  test.each([
    ['plain', BASE64],
    ['with escaped slashes', BASE64.replaceAll('/', '\\/')],
    ['with the sign + as an escape', BASE64.replaceAll('+', '\\u002B')],
    ['of escapes alone', BASE64.replaceAll(/./g, inUnicode)],
    ['in lines', BASE64.replaceAll(/.{76}/g, (line) => `${line}\\r\\n`)],
    ['with spaces', BASE64.replaceAll(/.{10}/g, (line) => `${line} `)],
    ['without padding', BASE64.replace(/=+$/, '')],
    ['for addresses', BYTES.toString('base64url')],
  ])('base64 %s is decoded', (_, archive) => {
    const text = `{"name":"a \\" { [ , : \\\\","more":{"archive":"inner"},"archive" : "${archive}" , "list":["x",{"a":1}]}`
    const { rest, bytes } = split(text, size)
    expect(bytes.equals(BYTES)).toBe(true)
    expect(JSON.parse(rest)).toEqual({ ...(JSON.parse(text) as object), archive: '-' })
  })

  test.each([
    '{"name":"x"}',
    '{"archive":7,"name":"x"}',
    '{"archive":{"archive":"eA=="}}',
    '{"archive":["eA=="]}',
    '["archive","eA=="]',
    '[{"archive":"eA=="}]',
    '"archive"',
    '{"name":"archive","x":"eA=="}',
    '{"archive":""}',
    '',
  ])('nothing is taken of %s', (text) => {
    expect(split(text, size)).toEqual({ rest: text, bytes: Buffer.alloc(0) })
  })

  test('its name may be written with escapes', () => {
    const { rest, bytes } = split(`{"${'archive'.replaceAll(/./g, inUnicode)}":"${BASE64}"}`, size)
    expect(JSON.parse(rest)).toEqual({ archive: '-' })
    expect(bytes.equals(BYTES)).toBe(true)
  })

  test('a second one is left where it is', () => {
    const { rest, bytes } = split(`{"archive":"${BASE64}","archive":"eA=="}`, size)
    expect([rest, bytes.equals(BYTES)]).toEqual(['{"archive":"-","archive":"eA=="}', true])
  })

  test.each([
    ['a line end', '{"archive":"eA\n=="}'],
    ['an escape that is none', '{"archive":"eA\\x=="}'],
    ['half an escape', '{"archive":"eA\\u00","name":"x"}'],
    ['an escape in capitals', '{"archive":"eA\\U003d"}'],
    ['an escape of no number', '{"archive":"eA\\u00g1==","name":"x"}'],
    ['an end that is escaped', '{"archive":"eA==\\\\\\"}'],
    ['a line end beside escapes', '{"archive":"\\u0065A\n=="}'],
    ['no end', '{"archive":"eA=='],
    ['two strings', '{"archive":"eA==" "eA=="}'],
    ['no colon', '{"archive" "eA=="}'],
    ['a value before it', '{"archive":1 "eA=="}'],
  ])('what is no JSON stays so: %s', (_, text) => {
    const { rest } = split(text, size)
    expect(() => JSON.parse(text) as unknown).toThrow()
    expect(() => JSON.parse(rest) as unknown).toThrow()
  })
})

test('half of a character, and bytes that are no UTF-8, are left for those who look for them', () => {
  expect(split('{"archive":"eA\\ud800=="}', 4).rest).toContain('\\ud800')
  const odd = Buffer.concat([Buffer.from('{"archive":"eA'), Buffer.from([0xff]), Buffer.from('=="}')])
  const bulk = createBulkMember('archive', 10, 100)
  bulk.add(odd)
  expect(bulk.rest().includes(0xff)).toBe(true)
})

test('what stands beside it is bounded', () => {
  const text = (length: number) => `{"archive":"${BASE64}","name":"${'x'.repeat(length)}"}`
  expect(split(text(60), 7, 100).bytes.equals(BYTES)).toBe(true)
  expect(() => split(text(90), 7, 100)).toThrow(RestTooLong)
})

test('with a hint of its length all is written once, to where it stays', () => {
  const expected = 3 * 65_536
  const decoder = createBase64Decoder(expected)
  const letters = Buffer.alloc(expected, 'runyard').toString('base64')
  for (let at = 0; at < letters.length; at += 1001) decoder.add(letters.slice(at, at + 1001))
  const bytes = decoder.bytes()
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([expected, expected])
})

test('escapes that come together are decoded together', () => {
  const parse = jest.spyOn(JSON, 'parse')
  try {
    const { bytes } = split(`{"archive":"${BASE64.replaceAll(/./g, inUnicode)}"}`, 1000)
    expect(bytes.equals(BYTES)).toBe(true)
    // One of the name, and one of each piece.
    expect(parse.mock.calls.length).toBeLessThanOrEqual(1 + Math.ceil((6 * BASE64.length + 15) / 1000))
  } finally {
    parse.mockRestore()
  }
})

test('escapes of what is no letter of base64 are passed over, and those that are not ASCII left where they are', () => {
  const odd = '\\b\\u00e9\\ud800\\u007f'
  const { rest, bytes } = split(`{"archive":"e\\"A\\\\=\\u0020\\f\\u000B${odd}="}`, 5)
  expect([rest, bytes.toString()]).toEqual([`{"archive":"-${odd}"}`, 'x'])
})
