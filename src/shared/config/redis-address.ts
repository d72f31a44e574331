import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

export interface RedisNode {
  host: string
  port: number
}

/** PEM texts; `true` where nothing but TLS itself is asked for. */
export interface RedisTls {
  ca?: string
  cert?: string
  key?: string
}

/** What any Redis may ask for. */
export interface RedisCredentials {
  username?: string
  password?: string
}

/** Where Redis is, and how it lets in. */
export type RedisAddress = (
  | { kind: 'path'; path: string; db: number }
  | { kind: 'server'; node: RedisNode; db: number; tls?: RedisTls }
  /** `master` is the name under which the sentinels know the group. */
  | { kind: 'sentinel'; sentinels: RedisNode[]; master: string; sentinelPassword?: string; db: number; tls?: RedisTls }
  /** Everything is kept in one slot, that of this key. */
  | { kind: 'cluster'; nodes: RedisNode[]; slotOf: string; tls?: RedisTls }
) &
  RedisCredentials

/** Texts of the settings about Redis, by their names. */
type Text = (name: string) => string

const KINDS =
  'redis://, rediss://, redis+sentinel://, rediss+sentinel://, redis+cluster://, rediss+cluster:// and unix:///path'
const REDIS_PORT = 6379
const SENTINEL_PORT = 26379

/**
 * Reads the settings about Redis, and the files they name.
 * @param slotOf key to whose slot everything belongs
 * @returns undefined when none is configured
 * @throws ConfigError naming the setting and what is allowed
 */
export function redisAddress(text: Text, slotOf: string): RedisAddress | undefined {
  const url = text('REDIS_URL')
  if (url === '') {
    for (const name of OTHERS) if (text(name) !== '') throw new ConfigError(`${name} is set, and REDIS_URL is not`)
    return undefined
  }
  const parts = /^([a-z+]+):\/\/(?:([^@/]*)@)?([^/?]*)([^?]*)(?:\?(.*))?$/i.exec(url)
  if (!parts) throw new ConfigError(`REDIS_URL is not a URL; allowed are ${KINDS}`)
  const [, scheme = '', login = '', hosts = '', path = '', query = ''] = parts
  const [protocol = '', group = ''] = scheme.toLowerCase().split('+')
  const credentials = readCredentials(login, text('REDIS_PASSWORD_FILE'))
  if (scheme === 'unix') {
    refuse(text, ['REDIS_SENTINEL_PASSWORD_FILE', ...TLS], 'REDIS_URL is unix://')
    const db = databaseOf(new URLSearchParams(query).get('db') ?? '')
    return { kind: 'path', path: decode(path), db, ...credentials }
  }
  if ((protocol !== 'redis' && protocol !== 'rediss') || !['', 'sentinel', 'cluster'].includes(group)) {
    throw new ConfigError(`REDIS_URL begins with "${scheme}:"; allowed are ${KINDS}`)
  }
  if (query !== '') throw new ConfigError(`REDIS_URL has "?${query}"; allowed is that of unix:// only`)
  const tls = protocol === 'rediss' ? { tls: readTls(text) } : {}
  if (protocol === 'redis') refuse(text, TLS, `REDIS_URL begins with "${scheme}:", which is without TLS`)
  if (group !== 'sentinel') refuse(text, ['REDIS_SENTINEL_PASSWORD_FILE'], `REDIS_URL begins with "${scheme}:"`)
  const [first = '', second = '', ...more] = path.split('/').slice(1)
  if (more.length > 0) throw new ConfigError(`REDIS_URL has the path "${path}", which has too many parts`)
  if (group === 'sentinel') {
    if (first === '') {
      throw new ConfigError(
        'REDIS_URL names no master; allowed is redis+sentinel://HOST:PORT,HOST:PORT/MASTER or .../MASTER/DATABASE',
      )
    }
    const file = text('REDIS_SENTINEL_PASSWORD_FILE')
    return {
      kind: 'sentinel',
      sentinels: nodesOf(hosts, SENTINEL_PORT),
      master: decode(first),
      ...(file !== '' && { sentinelPassword: readSecret('REDIS_SENTINEL_PASSWORD_FILE', file) }),
      db: databaseOf(second),
      ...tls,
      ...credentials,
    }
  }
  if (second !== '') throw new ConfigError(`REDIS_URL has the path "${path}"; allowed is a number of a database`)
  const nodes = nodesOf(hosts, REDIS_PORT)
  if (group === 'cluster') {
    if (databaseOf(first) !== 0) throw new ConfigError(`REDIS_URL names database ${first}; a cluster has only 0`)
    return { kind: 'cluster', nodes, slotOf, ...tls, ...credentials }
  }
  const [node, ...others] = nodes
  if (!node || others.length > 0) {
    throw new ConfigError(
      `REDIS_URL has "${hosts}"; allowed is one host, or redis+sentinel:// and redis+cluster:// with several`,
    )
  }
  return { kind: 'server', node, db: databaseOf(first), ...tls, ...credentials }
}

const TLS = ['REDIS_TLS_CA_FILE', 'REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE']
const OTHERS = ['REDIS_PASSWORD_FILE', 'REDIS_SENTINEL_PASSWORD_FILE', ...TLS]

function refuse(text: Text, names: readonly string[], because: string): void {
  for (const name of names) if (text(name) !== '') throw new ConfigError(`${name} is set, and ${because}`)
}

function readCredentials(login: string, passwordFile: string): RedisCredentials {
  const colon = login.indexOf(':')
  const username = decode(colon < 0 ? login : login.slice(0, colon))
  const password = colon < 0 ? '' : decode(login.slice(colon + 1))
  if (passwordFile !== '' && password !== '') {
    throw new ConfigError('REDIS_PASSWORD_FILE is set, and REDIS_URL has a password too')
  }
  const secret = passwordFile === '' ? password : readSecret('REDIS_PASSWORD_FILE', passwordFile)
  return { ...(username !== '' && { username }), ...(secret !== '' && { password: secret }) }
}

function readTls(text: Text): RedisTls {
  const [ca = '', cert = '', key = ''] = TLS.map((name) => {
    const file = text(name)
    return file === '' ? '' : readFile(name, file)
  })
  if ((cert === '') !== (key === '')) {
    throw new ConfigError('REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE belong together; one of them is not set')
  }
  return { ...(ca !== '' && { ca }), ...(cert !== '' && { cert, key }) }
}

function nodesOf(hosts: string, defaultPort: number): RedisNode[] {
  return hosts.split(',').map((one) => {
    const parts = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(one.trim())
    const port = Number(parts?.[2] ?? defaultPort)
    if (!parts || port < 1 || port > 65535) {
      throw new ConfigError(
        `REDIS_URL has the host "${one}"; allowed is HOST or HOST:PORT, an IPv6 address in brackets`,
      )
    }
    return { host: decode(parts[1] ?? '').replaceAll(/[[\]]/g, ''), port }
  })
}

function databaseOf(text: string): number {
  if (/^\d{0,5}$/.test(text)) return Number(text)
  throw new ConfigError(`REDIS_URL names the database "${text}"; allowed is a whole number from 0`)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigError('REDIS_URL has a "%" that two hexadecimal digits do not follow')
  }
}

/** The content of a file that a setting names. @throws ConfigError when it cannot be read, or is empty */
export function readSecret(name: string, file: string): string {
  const secret = readFile(name, file).replace(/\r?\n$/, '')
  if (secret === '') throw new ConfigError(`${name} is "${file}", which is empty`)
  return secret
}

function readFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`${name} is "${file}", which cannot be read: ${(error as Error).message}`)
  }
}
