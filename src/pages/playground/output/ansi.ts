import { nameOf, ODD } from './odd-characters.ts'

/**
 * Reads what a program writes to a terminal. Of the escape sequences only colours and the like (SGR) and the erasing of a line mean
 * something here; all others are swallowed, so that nothing a program writes can do more than colour its own text. What
 * cannot be seen, or would turn the text around, is told as `odd`, to be shown by its name.
 */
export type Token =
  | { kind: 'text'; text: string }
  | { kind: 'odd'; text: string }
  | { kind: 'style'; style: Style }
  | { kind: 'newline' | 'return' | 'backspace' | 'erase-line' }

export interface Style {
  /** Index into the sixteen colours, a CSS colour, or null for that of the text. */
  readonly ink: number | string | null
  readonly ground: number | string | null
  readonly bold: boolean
  readonly faint: boolean
  readonly italic: boolean
  readonly underline: boolean
  readonly inverse: boolean
  readonly struck: boolean
}

export const PLAIN: Style = {
  ink: null,
  ground: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  struck: false,
}

/** The longest sequence that is waited for; what goes on longer is none. */
const LONGEST_SEQUENCE = 1024

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CSI = /^\u001b\[([\u0020-\u003f]*)([\u0040-\u007e])/
// oxlint-disable-next-line no-control-regex -- the same
const STRING = /^\u001b[\]PX^_][^]*?(?:\u0007|\u001b\\)/
// oxlint-disable-next-line no-control-regex -- the same
const SHORT = /^\u001b[\u0020-\u002f]*[\u0030-\u004f\u0051-\u0057\u0059\u005a\u005c\u0060-\u007e]/

/** A parser of one stream; a sequence may be cut anywhere between two texts. */
export function createAnsiParser(): { parse(text: string): Token[]; end(): Token[] } {
  let rest = ''
  let style = PLAIN

  const parse = (input: string, final: boolean): Token[] => {
    const text = rest + input
    rest = ''
    const tokens: Token[] = []
    let at = 0
    while (at < text.length) {
      ODD.lastIndex = at
      const found = ODD.exec(text)
      const end = found ? found.index : text.length
      if (end > at) tokens.push({ kind: 'text', text: text.slice(at, end) })
      if (!found) break
      const character = found[0]
      at = end + 1
      if (character === '\n') tokens.push({ kind: 'newline' })
      else if (character === '\b') tokens.push({ kind: 'backspace' })
      else if (character === '\r') {
        // The line ends of other systems are one line end.
        if (at === text.length && !final) rest = '\r'
        else if (text[at] !== '\n') tokens.push({ kind: 'return' })
      } else if (character === '\u0007') {
        // A bell says nothing to the eye.
      } else if (character === '\u001b') {
        const sequence = text.slice(end, end + LONGEST_SEQUENCE)
        const csi = CSI.exec(sequence)
        const match = csi ?? STRING.exec(sequence) ?? SHORT.exec(sequence)
        if (match) {
          at = end + match[0].length
          if (csi?.[2] === 'm') tokens.push({ kind: 'style', style: (style = applySgr(style, csi[1] ?? '')) })
          else if (csi?.[2] === 'K') tokens.push({ kind: 'erase-line' })
        } else if (!final && sequence.length < LONGEST_SEQUENCE && isBegun(sequence)) {
          rest = sequence
          break
        } else tokens.push({ kind: 'odd', text: nameOf(character) })
      } else tokens.push({ kind: 'odd', text: nameOf(character) })
    }
    return tokens
  }
  return { parse: (text) => parse(text, false), end: () => parse('', true) }
}

/** Whether more text could still make a sequence of it. */
function isBegun(sequence: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the same
  return /^\u001b(?:\[[\u0020-\u003f]*|[\]PX^_][^]*|[\u0020-\u002f]*)$/.test(sequence)
}

function applySgr(style: Style, parameters: string): Style {
  // Private sequences, e.g. `ESC [ > 4 m`, are about the keyboard.
  if (/[<=>?]/.test(parameters)) return style
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)))
  let next = { ...style }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    if (code === 0) next = { ...PLAIN }
    else if (code === 1) next.bold = true
    else if (code === 2) next.faint = true
    else if (code === 3) next.italic = true
    else if (code === 4) next.underline = true
    else if (code === 7) next.inverse = true
    else if (code === 9) next.struck = true
    else if (code === 22) next.bold = next.faint = false
    else if (code === 23) next.italic = false
    else if (code === 24) next.underline = false
    else if (code === 27) next.inverse = false
    else if (code === 29) next.struck = false
    else if (code >= 30 && code <= 37) next.ink = code - 30
    else if (code >= 90 && code <= 97) next.ink = code - 82
    else if (code >= 40 && code <= 47) next.ground = code - 40
    else if (code >= 100 && code <= 107) next.ground = code - 92
    else if (code === 39) next.ink = null
    else if (code === 49) next.ground = null
    else if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes.slice(i + 1))
      i += used
      if (colour !== undefined) next[code === 38 ? 'ink' : 'ground'] = colour
    }
  }
  return next
}

/** `5;N` of 256 colours, or `2;R;G;B`. */
function extendedColour(codes: number[]): { colour: number | string | undefined; used: number } {
  const [kind, a = 0, b = 0, c = 0] = codes
  if (kind === 2) return { colour: [a, b, c].every(isByte) ? `rgb(${a} ${b} ${c})` : undefined, used: 4 }
  if (kind !== 5) return { colour: undefined, used: 1 }
  if (!isByte(a)) return { colour: undefined, used: 2 }
  if (a < 16) return { colour: a, used: 2 }
  if (a >= 232)
    return {
      colour: `rgb(${Array(3)
        .fill((a - 232) * 10 + 8)
        .join(' ')})`,
      used: 2,
    }
  const level = (step: number) => (step === 0 ? 0 : step * 40 + 55)
  const steps = [Math.floor((a - 16) / 36), Math.floor((a - 16) / 6) % 6, (a - 16) % 6]
  return { colour: `rgb(${steps.map(level).join(' ')})`, used: 2 }
}

const isByte = (value: number) => Number.isInteger(value) && value >= 0 && value <= 255
