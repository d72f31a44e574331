/** One step of a pattern; see `docs/screening.md` for how they are written. */
export type Step =
  | {
      kind: 'token'
      words: string[]
      negated: boolean
      optional: boolean
      where: 'code' | 'string' | 'any'
      glued: boolean
    }
  | { kind: 'option'; letter: string }
  | { kind: 'string' | 'rest' | 'hole' | 'root' | 'device' | 'host' | 'end' | 'name' | 'any' | 'call' }
  | { kind: 'gap'; inLiteral: boolean }

export interface Pattern {
  steps: Step[]
  /** The step that is looked for first: a word, so that other text costs nothing. */
  anchor: number
}

/** Where a pattern looks: in code, at the beginning of shell commands, in shell text, or in any string. */
export type PatternKind = 'code' | 'command' | 'text' | 'string'

const MAX_STEPS = 24
const NAMED = ['rest', 'hole', 'root', 'device', 'host', 'end', 'name', 'any', 'call'] as const
const isWord = (part: string) => /^[\w$]+$/.test(part) && part !== '$'
/** The mark of a command literal may stand alone: Ruby's reader adds it for nothing else. */
const COMMAND_LITERAL = '`'

/**
 * Reads a pattern: steps parted by spaces.
 * @throws Error saying what is wrong with it
 */
export function parsePattern(source: string, kind: PatternKind): Pattern {
  const where = kind === 'code' ? 'code' : 'any'
  const steps = source
    .split(' ')
    .filter((part) => part !== '')
    .flatMap((part) => parseStep(part, where))
  if (steps.length > MAX_STEPS) throw new Error(`has ${steps.length} steps; at most ${MAX_STEPS} are allowed`)
  return { steps, anchor: findAnchor(steps, kind) }
}

function parseStep(part: string, where: 'code' | 'any'): Step[] {
  if (part === '...') return [{ kind: 'gap', inLiteral: false }]
  if (part === '<in>') return [{ kind: 'gap', inLiteral: true }]
  if (part === '<str>') return [{ kind: 'string' }]
  if (part === '<newline>' || part === '<newline>?') return [token(['\n'], where, { optional: part.endsWith('?') })]
  const named = NAMED.find((name) => part === `<${name}>`)
  if (named) return [{ kind: named }]
  if (/^<\w+>\??$/.test(part))
    throw new Error(`has an unknown step ${part}; known are <${['str', 'in', 'newline', ...NAMED].join('>, <')}>`)
  if (/^-[a-zA-Z]$/.test(part)) return [{ kind: 'option', letter: part.slice(1).toLowerCase() }]
  const exact = /^"=(.+)"$/.exec(part)?.[1]
  if (exact !== undefined) return [{ kind: 'string' }, ...glued(exact, 'string'), { kind: 'end' }]
  const quoted = /^"(.+)"(\??)$/.exec(part)
  if (quoted) return [token(alternatives(quoted[1]!) ?? fail(part), 'string', { optional: quoted[2] === '?' })]
  const negated = part.length > 1 && part.startsWith('!')
  const optional = part.length > 1 && part.endsWith('?')
  const body = part.slice(negated ? 1 : 0, optional ? -1 : undefined)
  const words = alternatives(body)
  if (words) return [token(words, where, { negated, optional })]
  if (negated || optional) fail(part)
  return glued(body, where)
}

function fail(part: string): never {
  throw new Error(`has a step that cannot be read: ${part}`)
}

/** The words of `a|b|.`; undefined when there is more in it than words and single marks. */
function alternatives(body: string): string[] | undefined {
  if (body.length === 1) return [body]
  const words = body.split('|')
  return words.every((word) => isWord(word) || word.length === 1) ? words : undefined
}

function token(
  words: string[],
  where: 'code' | 'string' | 'any',
  marks: { negated?: boolean; optional?: boolean; glued?: boolean } = {},
): Step {
  return { kind: 'token', words, where, negated: false, optional: false, glued: false, ...marks }
}

/** `/dev/tcp` as tokens with nothing between them. */
function glued(body: string, where: 'code' | 'string' | 'any'): Step[] {
  const parts = body.match(/\w+|[^\w\s]/g) ?? []
  if (parts.join('') !== body || parts.some((part) => part.charCodeAt(0) > 127)) fail(body)
  return parts.map((part, index) => token([part], where, { glued: index > 0 }))
}

function findAnchor(steps: Step[], kind: PatternKind): number {
  let best = -1
  let length = 0
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'token' && !step.optional) {
      const usable = !step.negated && step.words.every((word) => isWord(word) || word === COMMAND_LITERAL)
      const shortest = Math.min(...step.words.map((word) => word.length))
      if (usable && shortest > length) [best, length] = [index, shortest]
    } else if (step.kind !== 'string') break
    if (kind === 'command') break
  }
  if (best < 0) throw new Error('has no word to begin with, before anything that may be left out or vary')
  return best
}
