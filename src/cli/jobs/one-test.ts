import { didYouMean } from '../../shared/did-you-mean.ts'
import type { Problem } from '../../shared/judging/problem.ts'
import type { RequestTest } from '../../shared/requests.ts'
import { EXIT, ExitError } from '../exit.ts'
import type { Paint } from '../paint.ts'
import { counted, printable, printableLines } from '../table.ts'

/** The name of a test, or its place where it has none. */
export const nameOf = ({ name }: { name?: string | null | undefined }, index: number): string =>
  name ?? String(index + 1)

/**
 * A problem with one of its tests alone, and nothing secret of it: whoever has its folder knows all of it. It counts by itself, in no group.
 * @throws ExitError when there is no such test
 */
export function onlyTest({ tests = [], groups: _groups, ...problem }: Problem, name: string): Problem {
  const names = tests.map(nameOf)
  const found = tests[names.indexOf(name)]
  if (!found) {
    const hint = didYouMean(name, names)
    throw new ExitError(EXIT.usage, `the problem has no test ${printable(name)}${printable(hint)}`)
  }
  const { group: _group, ...test } = found
  return { ...problem, secret: false, tests: [{ ...test, secret: false }] }
}

/** What is shown of an input, an answer or an output. */
const SHOWN_LINES = 40
const SHOWN_CHARACTERS = 4000

/**
 * The input and the answer of a test, and what a program wrote for it. Each is cut after 40 lines or 4,000 characters.
 */
export function shownTest(test: RequestTest, { output, errors }: Written, paint: Paint): string[] {
  const { stdin = '', stdinEncoding, answer, expectedOutput = answer } = test
  const input = stdinEncoding === 'base64' ? Buffer.from(stdin, 'base64').toString() : stdin
  return [
    ...shownPart('input', input, paint),
    ...(expectedOutput === undefined ? [] : shownPart('answer', expectedOutput, paint)),
    ...shownPart('output', output.text, paint, output.left),
    ...(errors.text === '' ? [] : shownPart('standard error', errors.text, paint, errors.left)),
  ]
}

/** The beginning of a text, and how many characters more there were. */
export interface Beginning {
  text: string
  left: number
}

/** @param most characters of the beginning; the piece that reaches them is kept whole */
export function extended({ text, left }: Beginning, piece: string, most: number): Beginning {
  return text.length < most ? { text: text + piece, left } : { text, left: left + piece.length }
}

interface Written {
  /** On standard output. */
  output: Beginning
  errors: Beginning
}

/** @param more characters that follow */
function shownPart(title: string, text: string, paint: Paint, more = 0): string[] {
  if (text === '') return [paint('bold', `${title}: empty`)]
  const whole = text.endsWith('\n') ? text.slice(0, -1) : text
  const shown = whole.slice(0, SHOWN_CHARACTERS).split('\n').slice(0, SHOWN_LINES)
  const left = whole.length - shown.join('\n').length + more
  const rest = left > 0 ? [paint('dim', `... ${counted(left, 'more character')}`)] : []
  return [paint('bold', `${title}:`), ...shown.map((line) => printableLines(line.replace(/\r$/, ''))), ...rest]
}
