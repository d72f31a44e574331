import { expect, test } from '@jest/globals'
import { plainBase64 } from '../../../../src/api/jobs/request/base64.ts'

const BYTES = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 37 + 251) % 256))
const PLAIN = BYTES.toString('base64')

test('base64 is read in lines as MIME and PEM break it, in the alphabet for URLs, and without padding', () => {
  for (const end of ['\r\n', '\n', ' \t\n']) {
    expect(plainBase64(`${PLAIN.match(/.{1,76}/g)?.join(end)}${end}`)).toBe(PLAIN)
  }
  expect(plainBase64(PLAIN)).toBe(PLAIN)
  expect(plainBase64(BYTES.toString('base64url'))).toBe(PLAIN)
  for (const length of [0, 1, 2, 3]) {
    const part = BYTES.subarray(0, length)
    expect(plainBase64(part.toString('base64').replace(/=+$/, ''))).toBe(part.toString('base64'))
  }
})

test.each([
  '%',
  'A',
  'AAAAA',
  'AA=A',
  'AA=',
  'A===',
  'AAAA=',
  'AA==AA==',
  '=',
  '====',
  '+-AA',
  'QWRh!',
  'QWRh\0',
  'QWRhé',
  '"QWRh"',
])('%j is not base64', (text) => expect(plainBase64(text)).toBeUndefined())
