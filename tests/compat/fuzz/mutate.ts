/** A stream of numbers in [0, 1) that is the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Changes what clients send: values that parsers, checks and paths have failed at elsewhere. */
export interface Mutator {
  pick: <T>(all: readonly T[]) => T
  chance: (share: number) => boolean
  /** Below `most`. */
  whole: (most: number) => number
  /** A copy with one or a few of its values changed, removed, doubled or added. */
  json: (value: unknown) => unknown
  /** A copy with bytes changed, removed, inserted or repeated. */
  bytes: (content: Buffer) => Buffer
  text: (content: string) => string
}

const DEEP = JSON.parse('['.repeat(500) + ']'.repeat(500)) as unknown
const LONG = 'x'.repeat(70_000)
/** Of which no text can be made. */
const NO_TEXT = { toString: 1, valueOf: 2 }
/** Made from text: in a literal, `__proto__` would be set and not named. */
const POLLUTING = JSON.parse(
  '{"__proto__": {"isAdmin": true}, "constructor": {"prototype": {"isAdmin": true}}}',
) as unknown

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.5,
  1e308,
  -1e308,
  2 ** 53,
  2 ** 31,
  -(2 ** 31) - 1,
  '',
  ' ',
  '0',
  'NaN',
  'null',
  '\0',
  'a\0b',
  '\ud800',
  '\u202e',
  '../../etc/passwd',
  '/etc/passwd',
  '..\\..\\x',
  'a/../../b',
  '%2e%2e%2f',
  '%00',
  '${7*7}',
  '{{7*7}}',
  "' OR 1=1 --",
  '$(id)',
  '`id`',
  '-rf',
  '--version',
  '=',
  '====',
  'not base64!',
  'data:;base64,####',
  LONG,
  [],
  {},
  [[]],
  [null],
  [{}],
  DEEP,
  POLLUTING,
  NO_TEXT,
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\r\nX-Injected: 1',
  '1970-01-01T00:00:00Z',
  '9'.repeat(400),
  Array.from({ length: 2000 }, () => 0),
]
const NAMES = ['__proto__', 'constructor', 'toString', '', '\0', 'length', 'x'.repeat(5000), '$ref', 'then']

export function createMutator(random: () => number): Mutator {
  const whole = (most: number) => Math.floor(random() * most)
  const pick = <T>(all: readonly T[]): T => all[whole(all.length)] as T
  const chance = (share: number) => random() < share

  const changed = (value: unknown): unknown => {
    if (typeof value === 'string' && chance(0.3)) return text(value)
    if (typeof value === 'number' && chance(0.4)) return value * pick([-1, 0, 1000, 1e12, 0.001])
    return pick(VALUES)
  }
  const once = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const at = whole(value.length + 1)
      if (chance(0.2)) return changed(value)
      if (at === value.length || chance(0.2)) return [...value, chance(0.5) ? value[0] : pick(VALUES)]
      return value.map((one, index) => (index === at ? once(one) : one))
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value)
      if (entries.length === 0 || chance(0.1)) return changed(value)
      const at = whole(entries.length)
      if (chance(0.15)) return Object.fromEntries(entries.filter((_one, index) => index !== at))
      // As JSON.parse makes them: own members, whatever they are named.
      if (chance(0.15)) return withOwn(value, pick(NAMES), pick(VALUES))
      return Object.fromEntries(entries.map(([name, one], index) => [name, index === at ? once(one) : one]))
    }
    return changed(value)
  }
  const bytes = (content: Buffer): Buffer => {
    let result = Buffer.from(content)
    for (let left = 1 + whole(3); left > 0; left--) {
      const at = whole(result.length + 1)
      const kind = whole(5)
      if (kind === 0) result = result.subarray(0, at)
      else if (kind === 1 && at < result.length) result[at] = whole(256)
      else if (kind === 2)
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(Array.from({ length: 1 + whole(8) }, () => pick([0, 255, 127, whole(256)]))),
          result.subarray(at),
        ])
      else if (kind === 3) result = Buffer.concat([result.subarray(0, at), result.subarray(at + whole(16))])
      else result = Buffer.concat([result, result.subarray(at)])
    }
    return result
  }
  const text = (content: string): string => bytes(Buffer.from(content)).toString('utf8')

  return {
    pick,
    chance,
    whole,
    bytes,
    text,
    json(value) {
      let result = value
      for (let left = 1 + whole(3); left > 0; left--) result = once(result)
      return result
    },
  }
}

function withOwn(value: object, name: string, member: unknown): object {
  const copy = { ...value }
  Object.defineProperty(copy, name, { value: member, enumerable: true, configurable: true, writable: true })
  return copy
}
