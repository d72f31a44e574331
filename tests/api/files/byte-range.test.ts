import { expect, test } from '@jest/globals'
import { byteRange } from '../../../src/api/files/byte-range.ts'

test.each([
  ['bytes=0-99', 1000, { start: 0, end: 99 }],
  ['bytes=0-0', 1000, { start: 0, end: 0 }],
  ['bytes=900-', 1000, { start: 900, end: 999 }],
  ['bytes=900-5000', 1000, { start: 900, end: 999 }],
  ['bytes=-100', 1000, { start: 900, end: 999 }],
  ['bytes=-5000', 1000, { start: 0, end: 999 }],
  ['BYTES = 1 - 2', 1000, { start: 1, end: 2 }],
  ['bytes=1000-', 1000, 'beyond'],
  ['bytes=-0', 1000, 'beyond'],
  ['bytes=0-', 0, 'beyond'],
  ['bytes=5-4', 1000, undefined],
  ['bytes=-', 1000, undefined],
  ['bytes=0-1,5-6', 1000, undefined],
  ['lines=0-1', 1000, undefined],
  ['bytes=a-b', 1000, undefined],
  [undefined, 1000, undefined],
])('%s of %d bytes', (header, bytes, expected) => {
  expect(byteRange(header, bytes)).toEqual(expected)
})
