import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { clientAddress } from '../../../src/api/access/client-address.ts'
import { send } from '../../support/send.ts'
import { type AccessGateway, startAccessGateway } from './gateway.ts'

test.each([
  { ip: '203.0.113.7', address: '203.0.113.7' },
  { ip: '::ffff:203.0.113.7', address: '203.0.113.7' },
  { ip: '::ffff:cb00:7107', address: '203.0.113.7' },
  { ip: '2001:db8:1:2:3:4:5:6', address: '2001:db8:1:2::/64' },
  { ip: '2001:0DB8:0001:0002::', address: '2001:db8:1:2::/64' },
  { ip: '2001:db8::1', address: '2001:db8::/64' },
  { ip: 'fe80::1%eth0', address: 'fe80::/64' },
  { ip: '::1', address: '::/64' },
  { ip: '203.0.113', address: 'unknown' },
  { ip: '3405803783', address: 'unknown' },
  { ip: '203.0.113.7:4711', address: 'unknown' },
  { ip: 'unknown', address: 'unknown' },
  { ip: '', address: 'unknown' },
  { ip: undefined, address: 'unknown' },
])('$ip counts as $address', ({ ip, address }) => expect(clientAddress(ip)).toBe(address))

describe('the address of a caller', () => {
  const gateways = new Map<string, AccessGateway>()
  const trusted = ['', 'loopback', '127.0.0.1,198.51.100.0/24', '192.0.2.1']

  beforeAll(async () => {
    for (const TRUST_PROXY of trusted) {
      gateways.set(TRUST_PROXY, await startAccessGateway({ env: { AUTH: 'optional', TRUST_PROXY } }))
    }
  })
  afterAll(() => Promise.all([...gateways.values()].map((gateway) => gateway.close())))

  test.each([
    {
      title: 'is that of the connection when no proxy is trusted',
      trust: '',
      forwarded: '203.0.113.7',
      is: '127.0.0.1',
    },
    {
      title: 'is that of the connection when other proxies are',
      trust: '192.0.2.1',
      forwarded: '203.0.113.7',
      is: '127.0.0.1',
    },
    { title: 'is what a trusted proxy says', trust: 'loopback', forwarded: '203.0.113.7', is: '203.0.113.7' },
    {
      title: 'is what the last hop says, not what the client made up',
      trust: 'loopback',
      forwarded: '10.9.9.9, 203.0.113.7',
      is: '203.0.113.7',
    },
    {
      title: 'is found behind a chain of trusted hops',
      trust: '127.0.0.1,198.51.100.0/24',
      forwarded: '10.9.9.9, 203.0.113.7, 198.51.100.8',
      is: '203.0.113.7',
    },
    {
      title: 'is that of the first hop that is not trusted',
      trust: 'loopback',
      forwarded: '203.0.113.7, 198.51.100.8',
      is: '198.51.100.8',
    },
    {
      title: 'is a network when it is IPv6',
      trust: 'loopback',
      forwarded: '2001:db8:1:2:3::4',
      is: '2001:db8:1:2::/64',
    },
    { title: 'is one constant for what is no address', trust: 'loopback', forwarded: "'; DROP TABLE", is: 'unknown' },
    { title: 'is that of the connection without the header', trust: 'loopback', forwarded: undefined, is: '127.0.0.1' },
  ])('$title', async ({ trust, forwarded, is }) => {
    const answer = await send(
      `${gateways.get(trust)?.url}/caller`,
      forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    )
    expect(JSON.parse(answer.text)).toMatchObject({ address: is, tenant: `anonymous:${is}` })
  })
})
