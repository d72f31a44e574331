import { gzipSync } from 'node:zlib'
import type { Sample } from './corpus.ts'

/** A request with a body that is no right one of its route; the title says what it has. */
export interface Hostile {
  title: string
  sample: Sample
}

/** In place of each text of a request, one at a time: what shells, paths, headers and archives have failed at elsewhere. */
const TEXTS = [
  '',
  '\n',
  'a\nb',
  '\r\nX-Injected: 1',
  "'",
  '"',
  '`id`',
  '$(id)',
  '${IFS}id',
  '; id',
  '| id',
  '&& id',
  '--help',
  '-rf',
  '\0',
  'a\0b',
  '../../etc/passwd',
  '..\\..\\x',
  '/etc/passwd',
  '/dev/urandom',
  '/proc/self/environ',
  '~root',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  '%00',
  '%2e%2e%2f',
  '\u202e',
  '\ud800',
  '__proto__',
  'constructor',
  '<script>alert(1)</script>',
  '{{7*7}}',
  'x'.repeat(200_000),
]
/** In place of each number, as they stand in JSON. */
const NUMBERS = ['0', '-1', '0.5', '1e309', '-1e309', '9007199254740993', '1e-400', '"1"', 'null', 'true', '[]', '{}']
const MARK = '"\u0001"'

/** Each leaf of a request replaced by each hostile value of its kind. */
export function hostileLeaves(sample: Sample): Hostile[] {
  if (sample.json === undefined) return []
  const found: Hostile[] = []
  for (const { path, value, text } of leavesOf(sample.json)) {
    const values =
      typeof value === 'number'
        ? NUMBERS
        : typeof value === 'string'
          ? TEXTS.map((one) => JSON.stringify(one))
          : ['null', '1', '"x"', '{}']
    for (const one of values)
      found.push(withBody(sample, `${path} is ${one.slice(0, 40)}`, Buffer.from(text.replace(MARK, () => one))))
  }
  return found
}

/** Bodies that no parser may fail at. */
export function hostileBodies(sample: Sample): Hostile[] {
  if (sample.json === undefined) return []
  const text = JSON.stringify(sample.json)
  const plain = Buffer.from(text)
  const own = (title: string, body: Buffer, headers?: Record<string, string>) => withBody(sample, title, body, headers)
  return [
    own('nothing', Buffer.alloc(0)),
    ...['null', '[]', '"x"', '1e309', 'true', '{', '{}', '[{}]', text.slice(0, -1), `${text}x`].map((one) =>
      own(one.slice(0, 20), Buffer.from(one)),
    ),
    own('10,000 levels', Buffer.from('['.repeat(10_000) + ']'.repeat(10_000))),
    own('10,000 levels of objects', Buffer.from('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000))),
    own('every member twice', Buffer.from(`{${text.slice(1, -1)},${text.slice(1, -1)}}`)),
    own('a prototype', Buffer.from(`{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}},${text.slice(1)}`)),
    own('a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), plain])),
    own('UTF-16', Buffer.from(text, 'utf16le')),
    own(
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from(`",${text.slice(1)}`)]),
    ),
    own('a truncated gzip', gzipSync(plain).subarray(0, 20), { 'content-encoding': 'gzip' }),
    own('a gzip of 64 MiB', gzipSync(Buffer.alloc(64 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
    own('gzip that is none', plain, { 'content-encoding': 'gzip' }),
    own(
      '100,000 members',
      Buffer.from(`{${Array.from({ length: 100_000 }, (_, index) => `"m${index}":0`).join()},${text.slice(1)}`),
    ),
    own('3 MiB of text', Buffer.from(`{"x":"${'x'.repeat(3 * 1024 * 1024)}",${text.slice(1)}`)),
  ]
}

const withBody = (sample: Sample, title: string, bytes: Buffer, headers = {}): Hostile => {
  const { json: _json, ...rest } = sample
  return {
    title,
    sample: { ...rest, bytes, headers: { ...sample.headers, 'content-type': 'application/json', ...headers } },
  }
}

/** Where each value stands, and the text of the whole with a mark in its place. */
function leavesOf(whole: unknown): { path: string; value: unknown; text: string }[] {
  const found: { path: string; value: unknown; text: string }[] = []
  const walk = (value: unknown, path: string, put: (mark: unknown) => unknown) => {
    if (typeof value !== 'object' || value === null) {
      return void found.push({ path, value, text: JSON.stringify(put('\u0001')).replace('"\\u0001"', MARK) })
    }
    for (const [name, one] of Object.entries(value)) {
      const copy = (mark: unknown): unknown =>
        Array.isArray(value) ? value.with(Number(name), mark) : { ...value, [name]: mark }
      walk(one, `${path}/${name}`, (mark) => put(copy(mark)))
    }
  }
  walk(whole, '', (mark) => mark)
  return found
}
