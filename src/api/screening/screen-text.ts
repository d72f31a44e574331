import { endlessLoops, type LoopStart } from './endless-loops.ts'
import type { BoundPattern, LanguageRules, ReadText, Told } from './language-rules.ts'
import { matchPattern } from './match-pattern.ts'
import { speaksOfItself } from './own-machine.ts'
import { createRunStrings } from './run-strings.ts'
import { isCommandStart } from './shell-words.ts'
import { readText } from './read-text.ts'
import { CODE, finish, IN_STRING, reset, type Tokens } from './lexers/tokens.ts'
import { isWordCharacter } from './lexers/c-family.ts'

/** A place where a rule matched. */
export interface Hit {
  /** Index of the rule. */
  rule: number
  /** Offset in the text, in UTF-16 units. */
  offset: number
  /** A command in a string: it counts only when something in the submission runs commands. */
  dormant: boolean
  /** No honest program has it: not what is merely suspect, nor a string that nothing is seen to run. */
  sure: boolean
}

export interface ScreenedText {
  hits: Hit[]
  /** The text runs shell commands. */
  runsCommands: boolean
  /** Where looking was given up, in UTF-16 units; undefined when all of the text was looked at. */
  gaveUpAt: number | undefined
  /** How much work it was: tokens, and what was looked at more than once. */
  steps: number
}

/** More matches of one rule in one text say nothing new. */
const MAX_HITS = 5
/**
 * So much work is spent on what looks like a match: many times what a program of the largest size needs. A text made to
 * need more is refused, for what comes after in it is not looked at.
 */
const MAX_LOOK_STEPS = 30_000

/** Finds what the rules of a language say of a text. Time is linear in its length. */
export function screenText(text: string, rules: LanguageRules, tokens: Tokens): ScreenedText {
  reset(tokens, text)
  readText(text, rules, tokens)
  finish(tokens)
  const read: ReadText = { text, tokens, rules, isShell: rules.isShell }
  const hits: (Told & { index: number; dormant: boolean })[] = []
  const counts = new Uint8Array(rules.ruleCount * 4)
  // Words whose patterns have all been found often enough, by code, in code and in strings.
  const quiet = new Uint8Array(2 * IN_STRING)
  const parts = new Int32Array(rules.groupBits.length)
  const loops: LoopStart[] = []
  let runsCommands = rules.lexer.whole !== undefined

  const besides = new Uint8Array(rules.loopRules.length)
  const runStrings = createRunStrings(read)

  const slotOf = ({ rule, suspect }: Told, dormant: boolean) => rule * 4 + Number(suspect) * 2 + Number(dormant)
  const isFull = (told: Told, dormant: boolean) => counts[slotOf(told, dormant)]! >= MAX_HITS
  const hit = ({ rule, suspect }: Told, index: number, dormant = false) => {
    if (isFull({ rule, suspect }, dormant)) return
    const isKnown = (one: (typeof hits)[number]) =>
      one.rule === rule && one.index === index && one.dormant === dormant && one.suspect === suspect
    if (hits.some(isKnown)) return
    counts[slotOf({ rule, suspect }, dormant)]!++
    hits.push({ rule, suspect, index, dormant })
  }
  const isSpent = ({ purpose, pattern }: BoundPattern, inString: boolean) => {
    if (purpose.kind === 'rule') return isFull(purpose, sleeps(pattern.kind, inString))
    if (purpose.kind === 'beside') return besides[purpose.loop] === 1
    if (purpose.kind === 'part') return (parts[purpose.group]! & purpose.bit) !== 0
    return purpose.kind !== 'loop' && purpose.kind !== 'ending' && runsCommands && runStrings.isFull()
  }
  const sleeps = (kind: string, inString: boolean) =>
    inString && (kind === 'command' || kind === 'text') && rules.lexer.whole === undefined

  const { codes, looks } = tokens
  let { lookCount } = tokens
  // What stands after a program's end is data.
  const ending = (index: number) => {
    tokens.count = index
    lookCount = 0
  }
  const stepsBefore = tokens.steps
  let gaveUpAt: number | undefined
  for (let k = 0; k < lookCount; k++) {
    const index = looks[k]!
    // Numbers, for constants of other modules are slow to read where most looks end.
    const word = codes[index]! & 0x7fff /* CODE | IN_STRING */
    if (quiet[word] === 1) continue
    const code = word & 0x3fff /* CODE */
    const inString = code !== word
    if (code === 124) {
      const ampersand = (codes[index + 2]! & 0x3fff) === 38 || (codes[index + 3]! & 0x3fff) === 38
      if (ampersand && pipesToItself(read, index)) {
        const dormant = sleeps('text', inString)
        for (const told of rules.selfPipeRules) hit(told, index - 1, dormant)
        quiet[word] = Number(rules.selfPipeRules.every((told) => isFull(told, dormant)))
      }
      continue
    }
    const anchored = rules.patterns[word]
    if (anchored === undefined) continue
    if (tokens.steps - stepsBefore > MAX_LOOK_STEPS) {
      gaveUpAt = tokens.starts[index]!
      break
    }
    const next = codes[index + 1]! & 0x3fff
    if (anchored.next !== undefined && anchored.next[next] === 0) continue
    const second = codes[index + 2]! & CODE
    let isQuiet = 1
    let isCommand: boolean | undefined
    const previous = index === 0 ? 0 : codes[index - 1]! & CODE
    for (const bound of anchored.bounds) {
      const fits =
        (bound.next === undefined || bound.next[next] === 1) &&
        (bound.second === undefined || bound.second[second] === 1) &&
        (bound.previous === undefined || bound.previous[previous] === 1)
      if (fits && isSpent(bound, inString)) continue
      isQuiet = 0
      if (!fits) continue
      if (bound.pattern.kind === 'command' && !(isCommand ??= isCommandStart(read, index))) continue
      const end = matchPattern(read, bound.pattern, index)
      if (end < 0) continue
      const { purpose, pattern } = bound
      if (purpose.kind === 'rule') hit(purpose, index - pattern.lead, sleeps(pattern.kind, inString))
      else if (purpose.kind === 'runner' || purpose.kind === 'call') {
        runsCommands ||= purpose.kind === 'runner'
        runStrings.note(index - pattern.lead, end)
      } else if (purpose.kind === 'beside') besides[purpose.loop] = 1
      else if (purpose.kind === 'ending') ending(index)
      else if (purpose.kind === 'loop') loops.push({ index: index - pattern.lead, body: end })
      else {
        parts[purpose.group]! |= purpose.bit
        if (parts[purpose.group] === rules.groupBits[purpose.group]) hit(purpose, index)
      }
    }
    quiet[word] = isQuiet
  }
  const endless = gaveUpAt === undefined ? endlessLoops(read, loops, MAX_HITS, besides) : []
  for (const { index, ...told } of endless) hit(told, index)
  const spared = hits.some(({ rule }) => rules.isOutside[rule] === 1) && speaksOfItself(text)
  const told = hits.filter(({ rule }) => !spared || rules.isOutside[rule] === 0)
  return {
    hits: told.map(({ rule, suspect, index, dormant }) => ({
      rule,
      offset: tokens.starts[index]!,
      dormant,
      sure: !suspect && (!dormant || runStrings.has(index)),
    })),
    runsCommands,
    gaveUpAt,
    steps: tokens.count + tokens.steps,
  }
}

const MAX_NAME = 64

/** Whether the `|` at `index` stands in `x | x &`, x being a name or one as `$0`: the heart of a fork bomb. */
function pipesToItself({ tokens }: ReadText, index: number): boolean {
  const { codes, starts, units } = tokens
  const width = (codes[index + 2]! & CODE) === 38 ? 1 : (codes[index + 3]! & CODE) === 38 ? 2 : 0
  if (width === 0 || index < width) return false
  tokens.steps += width
  for (let i = 0; i < width; i++) {
    if (!isSameWord(units, starts[index - width + i]!, starts[index + 1 + i]!)) return false
  }
  return true
}

/** Whether the same name, or the same mark, stands at two offsets. */
function isSameWord(units: Uint16Array, a: number, b: number): boolean {
  for (let i = 0; i < MAX_NAME; i++) {
    const inWord = isNameCharacter(units[a + i]!)
    if (i > 0 && !inWord) return !isNameCharacter(units[b + i]!)
    if (units[a + i] !== units[b + i]) return false
    if (!inWord) return true
  }
  return true
}

function isNameCharacter(c: number): boolean {
  return c >= 128 || isWordCharacter(c)
}
