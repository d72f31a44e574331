import { GEM_NAME, VERSION_RANGE } from '../../shared/environments/rubygems-rules.ts'
import { KIB } from '../../shared/limits.ts'

/** A gem that a `Gemfile` asks for. */
export interface WantedGem {
  name: string
  /** As `VERSION_RANGE` has them, one space behind the operator. */
  versions: string[]
}

type Value = string | true | undefined | Value[]
type Token = { kind: 'text' | 'symbol' | 'word' | 'key' | 'mark' | 'end'; text: string; line: number }
/** What a statement is called with. */
interface Call {
  values: Value[]
  options: Map<string, Value>
  opensBlock: boolean
}

/** Groups that a program is not run with. */
const LEFT_OUT = new Set(['development', 'test'])
const ELSEWHERE = new Set([
  'source',
  'git',
  'github',
  'gist',
  'bitbucket',
  'path',
  'branch',
  'ref',
  'tag',
  'glob',
  'submodules',
])
const HARMLESS = new Set(['require', 'group', 'groups', 'platform', 'platforms', 'force_ruby_platform'])
/** Blocks that say of which gems the statements in them are. */
const BLOCKS = new Set(['group', 'platform', 'platforms'])
/** Platforms that are this one. */
const HERE = new Set(['ruby', 'mri'])
const MAX_FAULTS = 20
/** Of a file, in characters: what asks for gems alone has far less. */
const MAX_LENGTH = 128 * KIB
const TOKEN =
  /[ \t]+|#[^\n]*|\\\n|(\r?\n)|"((?:[^"\\\n#]|#(?!\{))*)"|'([^'\\\n]*)'|%([wi])\[([^\]\n\\#]*)\]|([A-Za-z_]\w*):(?!:)|:([A-Za-z_]\w*)|([A-Za-z_]\w*)|(=>|[,[\]()])/y

/**
 * Reads the usual form of a `Gemfile`, which is a program in Ruby: `source`, `ruby`, `gem`, and blocks of `group` and `platforms`.
 * Nothing is run: what is written otherwise is a fault, as is a gem that is to come from a source of its own. Gems of the groups `development` and `test`, of optional groups, and of other platforms
 * are left out.
 */
export function readGemfile(text: string): { gems: WantedGem[]; faults: string[] } {
  if (text.length > MAX_LENGTH) return { gems: [], faults: [`has more than ${MAX_LENGTH} characters`] }
  const faults: string[] = []
  const gems = new Map<string, Set<string>>()
  const blocks: boolean[] = []
  const take = (tokens: readonly Token[]) => {
    const [first, ...rest] = tokens
    if (!first) return
    if (first.text === 'end' && rest.length === 0) {
      if (blocks.pop() === undefined) faults.push(`line ${first.line} ends a block that does not begin`)
      return
    }
    const call = first.kind === 'word' ? readCall(rest) : undefined
    const fault = call
      ? (faultOf(first.text, call) ?? (blocks.every(Boolean) ? platformFault(first.text, call) : undefined))
      : 'is Ruby that is not read here; allowed are source, ruby, gem, group and platforms'
    if (!call || fault !== undefined) {
      faults.push(`line ${first.line} ${fault}`)
      if (call?.opensBlock) blocks.push(false)
    } else if (call.opensBlock) blocks.push(isUsed(first.text, call))
    else if (first.text === 'gem' && blocks.every(Boolean) && isUsed('gem', call)) {
      const [name, ...versions] = call.values.flat(2) as string[]
      const known = gems.get(name ?? '') ?? new Set()
      for (const version of versions) known.add(rangeText(version))
      gems.set(name ?? '', known)
    }
  }
  let statement: Token[] = []
  let depth = 0
  // A name for an address, which no gem may use.
  for (const token of tokensOf(text.replaceAll(/^[ \t]*git_source\b.*$/gm, ''), faults)) {
    if (token.kind !== 'end') {
      statement.push(token)
      if (token.text === '[' || token.text === '(') depth += Number(token.kind === 'mark')
      if (token.text === ']' || token.text === ')') depth -= Number(token.kind === 'mark')
      continue
    }
    const last = statement.at(-1)
    if (depth > 0 || (last?.kind === 'mark' && last.text !== ']' && last.text !== ')') || last?.kind === 'key') continue
    take(statement)
    statement = []
  }
  take(statement)
  if (blocks.length > 0) faults.push('has a block without an end')
  return {
    gems: Array.from(gems, ([name, versions]) => ({ name, versions: [...versions] })),
    faults: faults.slice(0, MAX_FAULTS),
  }
}

/** With a line end behind the last; stops at what is none. */
function* tokensOf(text: string, faults: string[]): Generator<Token> {
  let line = 1
  TOKEN.lastIndex = 0
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (!match) {
      faults.push(
        `line ${line} is Ruby that is not read here: ${JSON.stringify(text.slice(at, at + 40).split('\n')[0])}`,
      )
      return
    }
    at = TOKEN.lastIndex
    const [whole, end, double, single, listKind, list, key, symbol, word, mark] = match
    if (end !== undefined) yield { kind: 'end', text: end, line }
    else if (listKind !== undefined) yield* listTokens(list ?? '', line)
    else if (double !== undefined || single !== undefined) yield { kind: 'text', text: double ?? single ?? '', line }
    else if (key !== undefined) yield { kind: 'key', text: key, line }
    else if (symbol !== undefined) yield { kind: 'symbol', text: symbol, line }
    else if (word !== undefined) yield { kind: 'word', text: word, line }
    else if (mark !== undefined) yield { kind: 'mark', text: mark, line }
    line += whole.split('\n').length - 1
  }
  yield { kind: 'end', text: '\n', line }
}

/** `%w[a b]` as `["a", "b"]`. */
function* listTokens(list: string, line: number): Generator<Token> {
  yield { kind: 'mark', text: '[', line }
  for (const text of list.split(/\s+/).filter((one) => one !== '')) {
    yield { kind: 'text', text, line }
    yield { kind: 'mark', text: ',', line }
  }
  yield { kind: 'mark', text: ']', line }
}

/** What stands behind the first word of a statement; undefined when it is no plain call. */
function readCall(tokens: readonly Token[]): Call | undefined {
  const opensBlock = tokens.at(-1)?.kind === 'word' && tokens.at(-1)?.text === 'do'
  let rest = opensBlock ? tokens.slice(0, -1) : tokens
  if (rest[0]?.text === '(' && rest[0].kind === 'mark') {
    if (rest.at(-1)?.text !== ')') return undefined
    rest = rest.slice(1, -1)
  }
  const call: Call = { values: [], options: new Map(), opensBlock }
  let at = 0
  const isMark = (text: string) => rest[at]?.kind === 'mark' && rest[at]?.text === text
  const value = (): { value: Value } | undefined => {
    const token = rest[at++]
    if (token?.kind === 'text' || token?.kind === 'symbol') return { value: token.text }
    if (token?.kind === 'word' && ['true', 'false', 'nil'].includes(token.text))
      return { value: token.text === 'true' ? true : undefined }
    if (token?.kind !== 'mark' || token.text !== '[') return undefined
    const list: Value[] = []
    while (!isMark(']')) {
      const one = rest[at]?.text === '[' ? undefined : value()
      if (!one) return undefined
      list.push(one.value)
      if (isMark(',')) at += 1
      else if (!isMark(']')) return undefined
    }
    at += 1
    return { value: list }
  }
  while (at < rest.length) {
    const key = rest[at]?.kind === 'key' ? rest[at++]?.text : undefined
    const name = rest[at]?.text ?? ''
    const isOld = key === undefined && rest[at + 1]?.kind === 'mark' && rest[at + 1]?.text === '=>'
    if (isOld) at += 2
    const read = value()
    if (!read) return undefined
    if (key !== undefined || isOld) call.options.set(key ?? name, read.value)
    else if (call.options.size > 0) return undefined
    else call.values.push(read.value)
    if (at < rest.length && !isMark(',')) return undefined
    at += 1
  }
  return call
}

/** Why a statement cannot be used; undefined when it can. */
function faultOf(word: string, { values, options, opensBlock }: Call): string | undefined {
  if (word === 'source' && opensBlock)
    return "has a block of source; gems come from the index of this server's operator alone, whatever a source names"
  if (opensBlock && !BLOCKS.has(word)) return `has a block of ${word}, which is not read here`
  if (word === 'ruby' || word === 'source') return undefined
  if (word === 'gemspec' || word === 'path' || word === 'git')
    return `takes gems from ${word === 'git' ? 'an address' : 'a path'}; gems come from the index alone`
  if (BLOCKS.has(word)) return opensBlock ? undefined : `has no block for ${word}`
  if (word !== 'gem') return `has ${word}, which is not read here; allowed are source, ruby, gem, group and platforms`
  const [name, ...versions] = values.flat(2)
  if (typeof name !== 'string' || !GEM_NAME.test(name)) return 'names no gem'
  const elsewhere = [...options.keys()].find((key) => ELSEWHERE.has(key))
  if (elsewhere === 'source')
    return `takes ${name} from a source of its own; gems come from the index of this server's operator alone`
  if (elsewhere !== undefined) return `takes ${name} from ${elsewhere}; gems come from the index alone`
  const other = [...options.keys()].find((key) => !HARMLESS.has(key))
  if (other !== undefined) return `has the option ${other} of ${name}, which is not read here`
  const bad = versions.find((version) => typeof version !== 'string' || !VERSION_RANGE.test(version.trim()))
  return bad === undefined ? undefined : `has ${JSON.stringify(bad)} as a version of ${name}`
}

/** Whether what a block has, or one gem, is installed. */
function isUsed(word: string, call: Call): boolean {
  const platforms = platformsOf(word, call)
  return isOfUsedGroup(word, call) && (platforms.length === 0 || platforms.some((one) => HERE.has(one)))
}

function isOfUsedGroup(word: string, { values, options }: Call): boolean {
  const groups = [options.get('group'), options.get('groups'), ...(word === 'group' ? values : [])].flatMap(named)
  if (word === 'group' && options.get('optional') === true) return false
  return groups.length === 0 || !groups.every((group) => LEFT_OUT.has(group))
}

/** Of a platform with a version nobody knows here whether it is that of the runtime. */
function platformFault(word: string, call: Call): string | undefined {
  const platforms = platformsOf(word, call)
  if (!isOfUsedGroup(word, call) || platforms.some((one) => HERE.has(one))) return undefined
  const versioned = platforms.find((one) => /^(?:ruby|mri)_\d+$/.test(one))
  return versioned && `has the platform ${versioned}; platforms with a version of Ruby are not read here`
}

const platformsOf = (word: string, { values, options }: Call): string[] =>
  [
    options.get('platform'),
    options.get('platforms'),
    ...(word === 'platform' || word === 'platforms' ? values : []),
  ].flatMap(named)

const named = (value: Value): string[] => [value].flat(2).filter((one) => typeof one === 'string')

/** `>=1` as `>= 1`, and `1` as `= 1`. */
export function rangeText(range: string): string {
  const [, operator = '=', version = ''] = VERSION_RANGE.exec(range.trim()) ?? []
  return `${operator} ${version}`
}
