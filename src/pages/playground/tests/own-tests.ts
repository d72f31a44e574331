/** An input, and what the program is to write. */
export interface OwnTest {
  input: string
  /** Not compared when it is empty. */
  expected: string
}

/** How output is compared, by the name of the checker. */
export const CHECKERS = {
  lines: 'Lines, white space at their ends aside',
  exact: 'Every byte',
  tokens: 'Words, white space aside',
  numbers: 'Numbers, within 1e-6',
  'unordered-lines': 'Lines, in any order',
} as const
export type CheckerType = keyof typeof CHECKERS

/** How a program is tested. */
export interface OwnTests {
  /** Inputs that it is tested with; none: it runs once. */
  tests: readonly OwnTest[]
  checker: CheckerType
}

export const checkerOf = (type: string | undefined): CheckerType =>
  type !== undefined && Object.hasOwn(CHECKERS, type) ? (type as CheckerType) : 'lines'

export const testOf = ({ input, expected }: OwnTest) => ({
  stdin: input,
  ...(expected !== '' && { expectedOutput: expected }),
})
