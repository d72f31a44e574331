import type { Checker } from '../../../shared/requests.ts'

/** An input, and what the program is to write. */
export interface OwnTest {
  input: string
  /** Not compared when it is empty; a checker that is a program reads it all the same. */
  expected: string
}

/** How output is compared, by the name of the checker. */
export const CHECKERS = {
  lines: 'Lines, white space at their ends aside',
  exact: 'Every byte',
  tokens: 'Words, white space aside',
  numbers: 'Numbers, within 1e-6',
  'unordered-lines': 'Lines, in any order',
  program: 'A program of your own',
} as const
export type CheckerType = keyof typeof CHECKERS

/** By whose exit codes a checker speaks. */
export const PROTOCOLS = {
  kattis: 'Kattis: exit code 42 accepts, 43 refuses',
  testlib: 'testlib: exit code 0 accepts, 1 refuses',
} as const

/** A checker that is a program. */
export interface OwnChecker {
  language: string
  code: string
  protocol: keyof typeof PROTOCOLS
  /** What else it has, of a job that was opened by its link; with files of its own it has no `code`. */
  more?: Partial<Checker>
}

/** How a program is tested. */
export interface OwnTests {
  /** Inputs that it is tested with; none: it runs once. */
  tests: readonly OwnTest[]
  checker: CheckerType
  /** In use while `checker` is `program`. */
  own: OwnChecker
}

/** Accepts the same words. */
export const FIRST_CHECKER: OwnChecker = {
  language: 'python',
  code: `import sys

# Arguments: files with the input and the expected output, and a folder for messages.
# Standard input: what the program wrote.
expected = open(sys.argv[2]).read()
written = sys.stdin.read()
if written.split() == expected.split():
    sys.exit(42)
open(sys.argv[3] + 'teammessage.txt', 'w').write('other words were expected')
sys.exit(43)
`,
  protocol: 'kattis',
}

export const checkerOf = (type: string | undefined): CheckerType =>
  type !== undefined && Object.hasOwn(CHECKERS, type) ? (type as CheckerType) : 'lines'

/** The checker of a request that was kept, as far as it is a program. */
export function ownCheckerOf(checker: Checker | undefined): OwnChecker {
  if (checker?.type !== 'program') return FIRST_CHECKER
  const { type: _type, language = '', code = '', protocol = 'kattis', ...more } = checker
  return { language, code, protocol, ...(Object.keys(more).length > 0 && { more }) }
}

/** The tests of a request. */
export function testsOf({ tests, checker, own }: OwnTests): { tests: object[]; checker: Checker } {
  const { language, code, protocol, more } = own
  return {
    tests: tests.map(({ input, expected }) => ({ stdin: input, ...(expected !== '' && { expectedOutput: expected }) })),
    checker:
      checker === 'program'
        ? { type: checker, ...more, language, protocol, ...(more?.files === undefined && { code }) }
        : { type: checker },
  }
}
