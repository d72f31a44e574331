import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { loadConfig } from '../../src/shared/config/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-address-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const PASSWORD = file('password', 'p@ss:w/%rd\n')
const EMPTY = file('empty', '\n')
const PEM = file('pem', 'a certificate')
const read = (env: Record<string, string>) => loadConfig('/srv', env).redis

describe('REDIS_URL', () => {
  test.each([
    ['redis://h', { kind: 'server', node: { host: 'h', port: 6379 }, db: 0 }],
    ['redis://h:1/3', { kind: 'server', node: { host: 'h', port: 1 }, db: 3 }],
    ['redis://[::1]:7000/', { kind: 'server', node: { host: '::1', port: 7000 }, db: 0 }],
    ['redis://u:p%40@h', { kind: 'server', node: { host: 'h', port: 6379 }, db: 0, username: 'u', password: 'p@' }],
    ['redis://:p@h', { kind: 'server', node: { host: 'h', port: 6379 }, db: 0, password: 'p' }],
    ['rediss://u@h', { kind: 'server', node: { host: 'h', port: 6379 }, db: 0, username: 'u', tls: {} }],
    ['unix:///run/a%20b.sock?db=2', { kind: 'path', path: '/run/a b.sock', db: 2 }],
    [
      'redis+sentinel://a,b:26380,c/main/1',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
          { host: 'c', port: 26379 },
        ],
        master: 'main',
        db: 1,
      },
    ],
    [
      'rediss+cluster://u:p@a:7000,b',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 6379 },
        ],
        slotOf: '{runyard}',
        username: 'u',
        password: 'p',
        tls: {},
      },
    ],
  ])('%s', (url, expected) => expect(read({ REDIS_URL: url })).toEqual(expected))

  test('of a cluster, the slot is that of the namespace', () => {
    expect(read({ REDIS_URL: 'redis+cluster://a', RUNYARD_NAMESPACE: 'school' })).toMatchObject({ slotOf: '{school}' })
  })

  test.each([
    ['localhost:6379', /^REDIS_URL is not a URL; allowed are redis:\/\/, .* and unix:\/\/\/path$/],
    ['http://h', /^REDIS_URL begins with "http:"; allowed are/],
    ['redis+ring://h', /^REDIS_URL begins with "redis\+ring:"/],
    ['redis://h:0', /^REDIS_URL has the host "h:0"; allowed is HOST or HOST:PORT/],
    ['redis://h:port', /^REDIS_URL has the host "h:port"/],
    ['redis://', /^REDIS_URL has the host ""/],
    ['redis://a,b', /^REDIS_URL has "a,b"; allowed is one host/],
    ['redis://h/x', /^REDIS_URL names the database "x"/],
    ['redis://h/1/2', /^REDIS_URL has the path "\/1\/2"/],
    ['redis://h?db=1', /^REDIS_URL has "\?db=1"/],
    ['redis://%zz@h', /^REDIS_URL has a "%"/],
    ['redis+sentinel://a,b', /^REDIS_URL names no master; allowed is redis\+sentinel:/],
    ['redis+cluster://a/1', /^REDIS_URL names database 1; a cluster has only 0/],
    ['unix:///s?db=-1', /^REDIS_URL names the database "-1"/],
  ])('%s is refused', (url, message) => expect(() => read({ REDIS_URL: url })).toThrow(message))
})

describe('the files beside it', () => {
  test('a password is the whole of its file but the end of the line', () => {
    const env = { REDIS_URL: 'redis://u@h', REDIS_PASSWORD_FILE: PASSWORD }
    expect(read(env)).toMatchObject({ username: 'u', password: 'p@ss:w/%rd' })
  })

  test('sentinels may have a password of their own', () => {
    const env = { REDIS_URL: 'redis+sentinel://a/m', REDIS_SENTINEL_PASSWORD_FILE: PASSWORD }
    expect(read(env)).toMatchObject({ sentinelPassword: 'p@ss:w/%rd' })
  })

  test('certificates are read', () => {
    const env = { REDIS_URL: 'rediss://h', REDIS_TLS_CA_FILE: PEM, REDIS_TLS_CERT_FILE: PEM, REDIS_TLS_KEY_FILE: PEM }
    const pem = 'a certificate'
    expect(read(env)).toMatchObject({ tls: { ca: pem, cert: pem, key: pem } })
  })

  test.each([
    [{ REDIS_PASSWORD_FILE: PASSWORD }, /^REDIS_PASSWORD_FILE is set, and REDIS_URL is not$/],
    [
      { REDIS_URL: 'redis://:p@h', REDIS_PASSWORD_FILE: PASSWORD },
      /^REDIS_PASSWORD_FILE is set, and REDIS_URL has a password too$/,
    ],
    [{ REDIS_URL: 'redis://h', REDIS_PASSWORD_FILE: EMPTY }, /^REDIS_PASSWORD_FILE is ".*empty", which is empty$/],
    [
      { REDIS_URL: 'redis://h', REDIS_PASSWORD_FILE: '/nowhere' },
      /^REDIS_PASSWORD_FILE is "\/nowhere", which cannot be read: ENOENT/,
    ],
    [
      { REDIS_URL: 'redis://h', REDIS_TLS_CA_FILE: PEM },
      /^REDIS_TLS_CA_FILE is set, and REDIS_URL begins with "redis:", which is without TLS$/,
    ],
    [
      { REDIS_URL: 'rediss://h', REDIS_TLS_CERT_FILE: PEM },
      /^REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE belong together/,
    ],
    [
      { REDIS_URL: 'redis://h', REDIS_SENTINEL_PASSWORD_FILE: PASSWORD },
      /^REDIS_SENTINEL_PASSWORD_FILE is set, and REDIS_URL begins with "redis:"$/,
    ],
  ] as [Record<string, string>, RegExp][])('%o is refused', (env, message) => expect(() => read(env)).toThrow(message))
})
