import { describe, expect, test } from '@jest/globals'
import { createAnsiParser, PLAIN, type Token } from '../../src/pages/playground/output/ansi.ts'

const text = (value: string): Token => ({ kind: 'text', text: value })
const parse = (input: string): Token[] => {
  const parser = createAnsiParser()
  return [...parser.parse(input), ...parser.end()]
}
/** Neighbouring texts as one: where a text is cut says nothing. */
const joined = (tokens: Token[]): Token[] =>
  tokens.reduce<Token[]>((all, token) => {
    const last = all.at(-1)
    if (token.kind === 'text' && last?.kind === 'text') all[all.length - 1] = text(last.text + token.text)
    else all.push(token)
    return all
  }, [])

const SAMPLES = [
  'plain text, ünd 😀',
  'a\nb\r\nc\rd\be\tf',
  '\u001b[31mred\u001b[0m',
  '\u001b[1;4;38;5;208mx\u001b[22;24;39my',
  '\u001b[38;2;1;2;3;48;5;232mx',
  '\u001b[2J\u001b[H\u001b[Kx\u001b[?25l',
  '\u001b]0;title\u0007x\u001b]8;;http://a\u001b\\link\u001b]8;;\u0007',
  '\u001bPq#0\u001b\\x\u001b_a\u0007\u001b^b\u001b\\\u001bXc\u001b\\',
  '\u001bc\u001b(Bx\u001b7\u001b8\u001b=\u001b>',
  'a\u0000b\u007fc\u009bd\u202ee\u2066f',
  '\u001b',
  '\u001b[',
  '\u001b]0;never ends',
  '\u001b[999999999999999m\u001b[;;;m\u001b[1:2:3m\u001b[>4;2m',
]

test.each(SAMPLES)('it does not matter where %j is cut', (sample) => {
  const whole = joined(parse(sample))
  for (let at = 0; at <= sample.length; at++) {
    const parser = createAnsiParser()
    const parts = [...parser.parse(sample.slice(0, at)), ...parser.parse(sample.slice(at)), ...parser.end()]
    expect(joined(parts)).toEqual(whole)
  }
  const parser = createAnsiParser()
  const letters = [...sample.split('').flatMap((letter) => parser.parse(letter)), ...parser.end()]
  expect(joined(letters)).toEqual(whole)
})

describe('what is told', () => {
  test.each<[string, Token[]]>([
    ['a\r\nb', [text('a'), { kind: 'newline' }, text('b')]],
    ['50%\r60%', [text('50%'), { kind: 'return' }, text('60%')]],
    ['ab\bc', [text('ab'), { kind: 'backspace' }, text('c')]],
    ['\u001b[31mx', [{ kind: 'style', style: { ...PLAIN, ink: 1 } }, text('x')]],
    ['\u001b[91;1mx', [{ kind: 'style', style: { ...PLAIN, ink: 9, bold: true } }, text('x')]],
    ['\u001b[38;5;196mx', [{ kind: 'style', style: { ...PLAIN, ink: 'rgb(255 0 0)' } }, text('x')]],
    ['\u001b[48;2;1;2;3mx', [{ kind: 'style', style: { ...PLAIN, ground: 'rgb(1 2 3)' } }, text('x')]],
    ['\u001b[38;2;999;0;0mx', [{ kind: 'style', style: PLAIN }, text('x')]],
    ['x\u001b[K', [text('x'), { kind: 'erase-line' }]],
    ['\u001b[2J\u001b[1;1H\u001b[?1049hx', [text('x')]],
    ['\u001b]0;owned\u0007\u001b]52;c;eA==\u001b\\x', [text('x')]],
    ['a\u0007b', [text('a'), text('b')]],
    ['\u0000', [{ kind: 'odd', text: '␀' }]],
    ['\u202e', [{ kind: 'odd', text: '<U+202E>' }]],
    ['\u001b', [{ kind: 'odd', text: '␛' }]],
  ])('%j', (input, tokens) => expect(parse(input)).toEqual(tokens))
})

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

test('no text that is told holds a control character, whatever comes', () => {
  let seed = 42
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below
  const pieces = [
    '\u001b',
    '[',
    ']',
    'm',
    '3',
    ';',
    '\u0007',
    '\\',
    'P',
    '\n',
    '\r',
    '\u0000',
    '\u009b',
    '\u202e',
    'x',
    ' ',
    '?',
    'K',
  ]
  for (let round = 0; round < 500; round++) {
    const input = Array.from({ length: 60 }, () => pieces[random(pieces.length)]).join('')
    const parser = createAnsiParser()
    const cut = random(60)
    for (const token of [...parser.parse(input.slice(0, cut)), ...parser.parse(input.slice(cut)), ...parser.end()]) {
      if ('text' in token) expect(token.text).not.toMatch(CONTROLS)
    }
  }
})

test('what never ends is not waited for without end', () => {
  const parser = createAnsiParser()
  let told = 0
  for (let i = 0; i < 100; i++) told += parser.parse('\u001b]0;' + 'x'.repeat(500)).length
  expect(told).toBeGreaterThan(50)
})
