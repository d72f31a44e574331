import { expect, test } from '@jest/globals'
import { placeOf, plainDetail } from '../../src/pages/design/plain-detail.ts'
import { inUnit } from '../../src/pages/playground/limit-fault.ts'

test.each([
  ['must be integer', 'Must be a whole number.'],
  ['must be >= 1', 'Must be at least 1.'],
  ['is 300; the most this service allows is 256', 'At most 256.'],
  ['is 300; the most this key allows is 8', 'At most 8.'],
  ['must not contain a NUL character', 'Must not contain a NUL character.'],
])('%j is told as %j', (detail, told) => expect(plainDetail(detail)).toBe(told))

test('figures are shown in the unit of their field, and versions are no figures', () => {
  const memory = (detail: string) => plainDetail(detail, (value) => inUnit('memoryBytes', value))
  expect(memory('must be >= 16777216')).toBe('Must be at least 16 MiB.')
  expect(memory('is 5; the most this service allows is 2147483648')).toBe('At most 2,048 MiB.')
  expect(memory('JavaScript 20.19.2 needs at least 67108864')).toBe('JavaScript 20.19.2 needs at least 64 MiB.')
  expect(plainDetail('must be >= 100', (value) => inUnit('wallMs', value))).toBe('Must be at least 0.1 s.')
})

test.each([
  ['/code', 'Program'],
  ['/args/2', 'Arguments 3'],
  ['/files/0/path', 'files 1, path'],
  ['/webhook/url', 'Webhook, url'],
  ['', 'The request'],
])('the field %j is called %j', (pointer, name) => expect(placeOf({ pointer })).toBe(name))
