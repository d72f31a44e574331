import type { ReadText } from './language-rules.ts'
import { CODE, FIRST_WORD, IN_STRING, NEWLINE, NONE, OTHER, STRING } from './lexers/tokens.ts'

/**
 * Which of a program's strings it runs as commands: those among the arguments of what starts a command, and those that a name
 * holds which stands there. A string that is printed, asked about or looked for is none.
 */
export interface RunStrings {
  /** Notes something that starts commands. @param end index after the last token that showed it */
  note: (index: number, end: number) => void
  /** Nothing more is noted: every string counts as run. */
  isFull: () => boolean
  /** Whether the string with the token at `index` is run. */
  has: (index: number) => boolean
}

/** Tokens that are looked at for all arguments of a text. Beyond that every string counts as run. */
const MAX_TOKENS = 2048
/** Of one call's arguments, and back from a string to the name it is bound to. */
const MAX_ARGUMENTS = 256
const MAX_BACK = 96
const MAX_NAME = 64
/** Tokens between a `=` and the beginning of its statement, `const char *name[]` being many. */
const MAX_TARGET = 8

const OPENING = new Set(Buffer.from('([{'))
const CLOSING = new Set(Buffer.from(')]}'))
/** What stands between a string and the name that holds it. */
const BETWEEN = new Set(Buffer.from(',([{&+:'))

export function createRunStrings(read: ReadText): RunStrings {
  const { text, tokens } = read
  const { codes, starts } = tokens
  const ranges: { from: number; to: number }[] = []
  const names = new Set<string>()
  let left = MAX_TOKENS

  const wordAt = (index: number) => /^\w+/.exec(text.slice(starts[index], starts[index]! + MAX_NAME))?.[0] ?? ''
  const isWord = (mark: number) => (mark & CODE) === OTHER || (mark & CODE) >= FIRST_WORD
  const isName = (index: number) => isWord(codes[index]!) && names.has(wordAt(index))

  /** Where the statement begins: in a shell, what is piped into a command is run by it too. */
  const lineStart = (index: number) => {
    let at = index
    while (at > 0 && index - at < MAX_ARGUMENTS && codes[at - 1] !== NEWLINE && (codes[at - 1]! & CODE) !== 59) at--
    return at
  }

  return {
    note(index, end) {
      const last = ranges.at(-1)
      if (left <= 0 || (last && index >= last.from && end <= last.to)) return
      const from = read.isShell ? lineStart(index) : index
      let depth = 0
      let at = from
      for (; at < from + MAX_ARGUMENTS; at++) {
        const mark = codes[at]!
        const code = mark & CODE
        if (code === NONE) break
        if ((mark & IN_STRING) !== 0) {
          // In a shell's strings names stand too.
          if (isWord(mark) && (codes[at - 1]! & CODE) === 36) names.add(wordAt(at))
          continue
        }
        // What is called is no argument, nor is the word that shows the call.
        if (isWord(mark) && (read.isShell || at >= end) && (codes[at + 1]! & CODE) !== 40) names.add(wordAt(at))
        if (at < end) {
          if (OPENING.has(code)) depth++
          if (CLOSING.has(code)) depth--
          continue
        }
        if (OPENING.has(code)) depth++
        else if (CLOSING.has(code)) {
          if (--depth < 0) break
          // A chain of methods goes on: `new("sh").arg("-c")`.
          const next = codes[at + 1]! & CODE
          if (depth === 0 && !read.isShell && next !== 46 && next !== 63) break
        } else if (depth === 0 && (code === NEWLINE || code === 59)) break
        // The body of a function that is called afterwards is no argument.
        else if (code === 62 && (codes[at - 1]! & CODE) === 61) break
        else if (depth === 0 && at === end && !read.rules.lexer.lines && code !== 46) break
      }
      tokens.steps += at - from
      left -= at - from
      ranges.push({ from, to: Math.max(at, end) })
    },
    isFull: () => left <= 0,
    has(index) {
      if (left <= 0 || ranges.some(({ from, to }) => index >= from && index < to)) return true
      let at = index
      for (; at >= 0 && index - at < MAX_BACK; at--) {
        const mark = codes[at]!
        const code = mark & CODE
        tokens.steps++
        if ((mark & IN_STRING) !== 0 || code === STRING || BETWEEN.has(code)) continue
        if (code === 61) break
        if (isWord(mark)) {
          if (isName(at)) return true
          continue
        }
        const before = at > 0 ? codes[at - 1]! & CODE : NONE
        if (code === NEWLINE && (before === 44 || OPENING.has(before))) continue
        return false
      }
      if ((codes[at]! & CODE) !== 61) return false
      for (let i = 1; i <= MAX_TARGET && at - i >= 0; i++) {
        const code = codes[at - i]! & CODE
        if (code === NEWLINE || code === 59 || code === 41 || code === 125) return false
        if ((codes[at - i]! & IN_STRING) === 0 && isName(at - i)) return true
      }
      return false
    },
  }
}
