import { describe, expect, test } from '@jest/globals'
import { checkWebhookUrl, originOf } from '../../../src/shared/webhooks/check-webhook-url.ts'
import { isInternalAddress } from '../../../src/shared/webhooks/internal-address.ts'
import { INTERNAL_HOSTS } from './internal-hosts.ts'

const INTERNAL =
  'leads to an internal address, which webhooks may not reach; the operator can open internal networks with WEBHOOK_ALLOW'
const check = (url: string, allow: readonly string[]) => checkWebhookUrl(url, { allow })

test.each(INTERNAL_HOSTS)('an internal address is refused however it is spelled: %s', (host) => {
  expect(check(`http://${host}/hook`, [])).toBe(INTERNAL)
  expect(check(`https://${host}:8443/hook?x=1`, [])).toBe(INTERNAL)
})

test.each([
  'http:\\\\127.0.0.1/',
  'http:127.0.0.1',
  'http:///127.0.0.1/',
  'http://127.0.0.1\\@example.com/',
  ' http://127.0.0.1/ ',
  'ht\ntp://127.0.\t0.1/',
  'HTTP://127.0.0.1#@example.com',
  'http://example..com/',
  'http://./',
])('a URL that a client would read otherwise than a person does is refused: %j', (url) => {
  expect(check(url, [])).toBe(INTERNAL)
})

test.each([
  'http://[fe80::1%25eth0]/',
  'http://[::1%lo]/',
  'http://1.2.3.4.5/',
  'http://256.0.0.1/',
  'http://[::1/',
  'nonsense',
  '',
  '/hook',
  'http://',
])('what no client can read is refused: %j', (url) => expect(check(url, [])).toBe('is not a valid URL'))

test.each([
  'ftp://example.com/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'ws://example.com/',
  'gopher://example.com',
])('only http and https are taken: %s', (url) => expect(check(url, [])).toBe('must begin with https:// or http://'))

test.each(['https://me@example.com/', 'https://:secret@example.com/', 'https://me:secret@127.0.0.1/'])(
  'credentials have no place in it: %s',
  (url) => expect(check(url, [])).toBe('must not contain a user name or password'),
)

test.each([
  'https://example.com/hook?token=1',
  'http://example.com:8080',
  'https://8.8.8.8/',
  'https://0x08080808/',
  'https://[2606:4700::1111]/',
  'https://[64:ff9b::8.8.8.8]/',
  'https://notlocalhost/',
  'https://localhost.example.com/',
  'https://münchen.example/',
])('a public address and a name are taken: %s', (url) => expect(check(url, [])).toBeUndefined())

test.each([
  { url: 'http://127.0.0.1/', allow: '127.0.0.0/8' },
  { url: 'http://0x7f.1/', allow: '127.0.0.1' },
  { url: 'http://[::ffff:127.0.0.1]/', allow: '127.0.0.0/8' },
  { url: 'http://localhost:3000/', allow: '127.0.0.0/8' },
  { url: 'http://localhost:3000/', allow: '::1' },
  { url: 'http://10.1.2.3/', allow: '10.0.0.0/8' },
  { url: 'http://[fd00::5]/', allow: 'fd00::/8' },
  { url: 'http://[64:ff9b::10.1.2.3]/', allow: '10.0.0.0/8' },
])('what the operator allows is taken: $url with $allow', ({ url, allow }) => {
  expect(check(url, [allow])).toBeUndefined()
  expect(check(url, ['198.51.100.7', '2001:db8::/32'])).toBe(INTERNAL)
})

test('what is allowed opens nothing beside it', () => {
  expect(check('http://10.1.2.4/', ['10.1.2.3'])).toBe(INTERNAL)
  expect(check('http://[::1]/', ['127.0.0.0/8'])).toBe(INTERNAL)
})

test.each(['not an address', '', 'fe80::1%eth0', '::1%lo', '999.1.1.1'])(
  'an address that cannot be read, or has a zone, counts as internal: %j',
  (address) => expect(isInternalAddress(address, [])).toBe(true),
)

describe('a port', () => {
  const reach = { allow: ['10.20.0.0/16'], ports: [80, 443] }
  const PORT = /^leads to port \d+, which webhooks may not reach; the operator lists .* in WEBHOOK_PORTS: 80, 443$/

  test.each([
    'http://8.8.8.8:22/',
    'https://8.8.8.8:6379/',
    'http://[2606:4700::1111]:25/',
    'https://8.8.8.8:80443/'.replace('80443', '8443'),
  ])('that is not listed is refused: %s', (url) => expect(checkWebhookUrl(url, reach)).toMatch(PORT))

  test.each(['http://8.8.8.8/', 'https://8.8.8.8/', 'http://8.8.8.8:443/', 'http://10.20.1.2:5000/'])(
    'that is listed, or of a network that the operator opened, is taken: %s',
    (url) => expect(checkWebhookUrl(url, reach)).toBeUndefined(),
  )

  test('of a name is refused at once where no network is open, else when it is known where the name leads', () => {
    expect(checkWebhookUrl('http://example.com:22/', { allow: [], ports: [80, 443] })).toMatch(PORT)
    expect(checkWebhookUrl('http://receiver.corp.example:5000/', reach)).toBeUndefined()
  })
})

test('addresses that the operator denies are refused, though they are public', () => {
  const reach = { allow: [], deny: ['8.8.8.0/24', '2606:4700::1111'] }
  for (const url of [
    'http://8.8.8.8/',
    'http://[::ffff:8.8.8.8]/',
    'http://[64:ff9b::8.8.8.8]/',
    'http://[2606:4700::1111]/',
  ]) {
    expect(checkWebhookUrl(url, reach)).toBe(INTERNAL)
  }
  expect(checkWebhookUrl('http://8.8.4.4/', reach)).toBeUndefined()
})

test('of a URL only its origin is for the log', () => {
  expect(originOf('https://example.com:8443/hook?token=secret#x')).toBe('https://example.com:8443')
  expect(originOf('nonsense secret')).toBe('not a URL')
})
