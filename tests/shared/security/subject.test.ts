import { describe, expect, test } from '@jest/globals'
import { SECURITY_EVENT_KINDS, type SecurityEvent } from '../../../src/shared/security/security-event.ts'
import { isLoopbackAddress, normalAddress, parseSubject, partsOf } from '../../../src/shared/security/subject.ts'
import { scoreChanges, WEIGHTS } from '../../../src/shared/security/weights.ts'
import { readDoc, tableRows, uncoded } from '../../docs/tables.ts'

test.each([
  { text: 'address:192.0.2.7', subject: 'address:192.0.2.7' },
  { text: 'address:::ffff:192.0.2.7', subject: 'address:192.0.2.7' },
  { text: 'address:2001:db8:1:2:3:4:5:6', subject: 'address:2001:db8:1:2::/64' },
  { text: 'address:2001:DB8:1:2::/64', subject: 'address:2001:db8:1:2::/64' },
  { text: 'address:fe80::1%eth0', subject: 'address:fe80::/64' },
  { text: 'address:::1', subject: 'address:::/64' },
  { text: 'key:4f2a91', subject: 'key:4f2a91' },
  { text: 'end-user:acme:ada', subject: 'end-user:acme:ada' },
  { text: 'end-user:acme:a:b/c d', subject: 'end-user:acme:a:b/c d' },
])('$text is $subject', ({ text, subject }) => expect(parseSubject(text)).toBe(subject))

test.each([
  '',
  ':',
  'address',
  'address:',
  'key:',
  'key:a b',
  'key:a:b',
  `key:${'x'.repeat(65)}`,
  'tenant:x',
  'address:localhost',
  'address:192.0.2.0/24',
  'address:2001:db8::/32',
  'address:127.1',
  'address:0x7f000001',
  'address:192.0.2.7/64',
  'address:1.2.3.4.5',
  'end-user:acme',
  'end-user:acme:',
  'end-user::ada',
  'end-user:A:ada',
  'end-user:a:\u0007',
  `end-user:a:${'x'.repeat(129)}`,
  'ADDRESS:192.0.2.7',
  'address:192.0.2.7 ',
  '__proto__:x',
])('%j is nobody', (text) => expect(parseSubject(text)).toBeUndefined())

test('a subject says what it is about in the terms of an event', () => {
  expect(partsOf('key:4f2a91')).toEqual({ address: null, keyId: '4f2a91', tenant: null })
  expect(partsOf('address:2001:db8::/64')).toEqual({ address: '2001:db8::/64', keyId: null, tenant: null })
  expect(partsOf('end-user:acme:a:b')).toEqual({ address: null, keyId: null, tenant: 'acme', endUser: 'a:b' })
})

test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('%s is this machine', (text) =>
  expect(isLoopbackAddress(normalAddress(text) ?? '')).toBe(true),
)
test.each(['192.0.2.1', '128.0.0.1', '2001:db8::1', '::ffff:10.0.0.1'])('%s is another machine', (text) =>
  expect(isLoopbackAddress(normalAddress(text) ?? '')).toBe(false),
)

describe('the score that an event adds', () => {
  const event = (fields: Partial<SecurityEvent>): SecurityEvent => ({
    kind: 'submission-blocked',
    address: '192.0.2.7',
    keyId: null,
    tenant: null,
    requestId: null,
    jobId: null,
    detail: '',
    ...fields,
  })

  test('is its address’s when no key was shown', () =>
    expect(scoreChanges(event({}))).toEqual([{ subject: 'address:192.0.2.7', weight: 10 }]))

  test('is the key’s alone when one was shown, for its users share the address', () =>
    expect(scoreChanges(event({ kind: 'escape-attempt', keyId: 'k' }))).toEqual([{ subject: 'key:k', weight: 5 }]))

  test('is nobody’s for what screening refuses of a key, for its users are many', () =>
    expect(scoreChanges(event({ keyId: 'k' }))).toEqual([]))

  test('is the end user’s in the place of the key’s where the platform named one', () => {
    const named = event({ keyId: 'k', tenant: 'acme', endUser: 'ada' })
    expect(scoreChanges(named)).toEqual([{ subject: 'end-user:acme:ada', weight: 10 }])
    expect(scoreChanges({ ...named, kind: 'time-limit' })).toEqual([{ subject: 'end-user:acme:ada', weight: 1 }])
    expect(scoreChanges({ ...named, kind: 'escape-attempt' })).toEqual([{ subject: 'end-user:acme:ada', weight: 50 }])
  })

  test('is the address’s for a stranger, whatever name it gives', () =>
    expect(scoreChanges(event({ tenant: 'anonymous:192.0.2.7', endUser: 'ada' }))).toEqual([
      { subject: 'address:192.0.2.7', weight: 10 },
    ]))

  test('is the address’s for a failed authentication, whatever key was claimed', () =>
    expect(scoreChanges(event({ kind: 'authentication-failed', keyId: 'k' }))).toEqual([
      { subject: 'address:192.0.2.7', weight: 5 },
    ]))

  test('is nobody’s for what happens to a key in ordinary use, from this machine, and for what operators do', () => {
    expect(scoreChanges(event({ kind: 'rate-limited', keyId: 'k' }))).toEqual([])
    expect(scoreChanges(event({ kind: 'time-limit', keyId: 'k' }))).toEqual([])
    expect(scoreChanges(event({ address: '127.0.0.1' }))).toEqual([])
    expect(scoreChanges(event({ address: '::/64' }))).toEqual([])
    expect(scoreChanges(event({ kind: 'caller-blocked' }))).toEqual([])
    expect(scoreChanges(event({ kind: 'key-revoked', keyId: 'k' }))).toEqual([])
  })
})

test('docs/abuse.md tells of every kind of event, and of its weights', () => {
  const told = tableRows(readDoc('docs/abuse.md').split('## What counts')[1]?.split('\n## ')[0] ?? '')
  const there = SECURITY_EVENT_KINDS.map((kind) => {
    const { address, key, endUser } = WEIGHTS[kind] ?? { address: 0, key: 0, endUser: 0 }
    return `${kind} ${address} ${key} ${endUser}`
  })
  const rows = told.map(([kind = '', , address, key, endUser]) => `${uncoded(kind)} ${address} ${key} ${endUser}`)
  expect(rows.toSorted()).toEqual(there.toSorted())
})
