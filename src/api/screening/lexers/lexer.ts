import { STRING } from './tokens.ts'
import type { Reader } from './reader.ts'

/** What a character means in code or in a string; the readers switch on it. */
export const PUNCTUATION = 0
export const SPACE = 1
export const LINE_END = 2
export const WORD = 3
/** In code: the language's own `special` decides. */
export const SPECIAL = 4
/** Brackets that are counted, so that the end of an interpolation is found. */
export const OPEN = 5
export const CLOSE = 6
/** In a string: may end it, depending on what was read; see END and TRIPLE. */
export const QUOTE = 7
/** In a string it takes the next character with it; in code it joins lines. */
export const ESCAPE = 8
/** In a string: may begin code. */
export const HOLE = 9
/** A `|`, which is looked at for a command piped into itself. */
export const PIPE = 10
/** In code: a quote that begins a string, unless what stands around it makes it more than that. */
export const BEGIN = 11
/** In a string: ends it. */
export const END = 12
/** In a string: ends it when three of them stand together. */
export const TRIPLE = 13

/** In code: a slash, which begins a comment before another slash and is left to `special` before a star. */
export const SLASH = 14
/** In code: a `#` that may begin a comment. */
export const HASH = 15

/** A way to write a string literal. */
export interface StringKind {
  /** The token at its beginning: STRING, or the mark of a command literal. */
  opens: number
  /** One of the meanings above for each ASCII character. */
  meanings: Uint8Array
  /** The kind that three of its quote begin, where there is one. */
  long: StringKind | undefined
  /** Its quote begins it only before a single character or an escape, as in Rust. */
  character: boolean
  /** A line end does not end it. */
  multiline: boolean
  /** How code begins inside it, or none. */
  hole: 'none' | 'dollar-brace' | 'hash-brace' | 'brace' | 'shell'
  /** It ends at a line that holds this reader's `terminator` alone. */
  heredoc: boolean
  /** It ends at its quote followed by this reader's `terminator`. */
  tail: boolean
}

/** How a language is written, as far as screening needs to know. */
export interface Lexer {
  /** Meaning of each ASCII character in code. */
  meanings: Uint8Array
  /** Line ends are tokens. */
  lines: boolean
  /** The kinds of string that begin with a quote alone, by its character code. */
  quotes: readonly (StringKind | undefined)[]
  /** 1 for each ASCII character after which a quote is left to `special`, by its code. */
  prefixes: Uint8Array
  /** In code, a backslash takes the next character with it; else it is white space. It always joins two lines. */
  skipsEscaped?: true
  /** 1 for each ASCII character after which `#` begins a comment; undefined when it begins one anywhere. */
  hashAfter?: Uint8Array
  /** Words after which `/` begins a regular expression, where there are any. */
  operators: readonly string[]
  /** Reads on from a SPECIAL character, or a BEGIN that may be more; it stands at `reader.at`, which must be moved. */
  special: (reader: Reader, character: number) => void
  /** The whole text is one string of this kind. */
  whole?: StringKind
  /** A line with this word alone ends the program. */
  ending?: string
  /** How loops that never end begin, as code patterns up to the body, and what bounds their bodies. */
  loops: { starts: readonly string[]; body: 'braces' | 'indentation' | 'do-done' }
}

const blank = (() => {
  const meanings = new Uint8Array(128)
  for (let c = 0; c <= 32; c++) meanings[c] = SPACE
  for (let c = 48; c < 58; c++) meanings[c] = WORD
  for (let c = 65; c < 91; c++) meanings[c] = meanings[c + 32] = WORD
  meanings[10] = LINE_END
  meanings[95] = WORD
  meanings[127] = SPACE
  return meanings
})()

/** A table of meanings: words, white space and punctuation, and for the characters of each string what is said there. */
export function meaningsOf(...changes: [characters: string, meaning: number][]): Uint8Array {
  const meanings = blank.slice()
  for (const [characters, meaning] of changes) {
    for (const character of characters) meanings[character.charCodeAt(0)] = meaning
  }
  return meanings
}

interface StringOptions {
  quote?: string
  tripled?: boolean
  long?: StringKind
  character?: boolean
  escape?: boolean
  multiline?: boolean
  hole?: StringKind['hole']
  nest?: string
  heredoc?: boolean
  tail?: boolean
  opens?: number
}

const HOLE_CHARACTERS = { none: '', 'dollar-brace': '$', 'hash-brace': '#', brace: '{', shell: '$`' }

/** A kind of string: by default it takes escapes, ends with its line and holds no code. */
export function stringKind(options: StringOptions): StringKind {
  const { quote = '', escape = true, multiline = false, hole = 'none', nest = '', tail = false } = options
  const ends = options.tripled ? TRIPLE : tail || nest !== '' ? QUOTE : END
  return {
    opens: options.opens ?? STRING,
    meanings: meaningsOf(
      ['|', PIPE],
      [HOLE_CHARACTERS[hole], HOLE],
      [nest, OPEN],
      [escape ? '\\' : '', ESCAPE],
      [quote, ends],
    ),
    long: options.long,
    character: options.character ?? false,
    multiline,
    hole,
    heredoc: options.heredoc ?? false,
    tail,
  }
}

/** A table in which these ASCII characters are 1. */
export function flagsOf(characters: string): Uint8Array {
  const flags = new Uint8Array(128)
  for (const character of characters) flags[character.charCodeAt(0)] = 1
  return flags
}

/** Kinds by the character that begins them. */
export function byQuote(kinds: Record<string, StringKind>): (StringKind | undefined)[] {
  const quotes: (StringKind | undefined)[] = Array.from({ length: 128 })
  for (const [character, kind] of Object.entries(kinds)) quotes[character.charCodeAt(0)] = kind
  return quotes
}
