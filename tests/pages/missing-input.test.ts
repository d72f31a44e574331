import { describe, expect, test } from '@jest/globals'
import type { JobSummary, Status } from '../../src/shared/job.ts'
import type { CodeRequest } from '../../src/shared/requests.ts'
import { lacksInput } from '../../src/pages/playground/run/missing-input.ts'

const ended = (language: string, status: Status) => ({ language, status }) as JobSummary
const asked = (language: string, code: string, more: Partial<CodeRequest> = {}): CodeRequest => ({
  language,
  code,
  ...more,
})

describe('a program without input that reads some', () => {
  test.each<[language: string, code: string, status: Status, errors: string]>([
    ['python', 'name = input()', 'failed', 'EOFError: EOF when reading a line'],
    ['python', 'import sys\nfor line in sys.stdin: print(line)', 'succeeded', ''],
    ['python', 'from helper import ask\nask()', 'failed', 'EOFError: EOF when reading a line'],
    ['javascript', "require('fs').readFileSync(0, 'utf8').split('\\n')[1].length", 'failed', 'TypeError'],
    ['typescript', "process.stdin.on('data', () => 1)", 'succeeded', ''],
    ['bash', 'read name\necho "$name"', 'succeeded', ''],
    ['bash', 'while read -r line; do echo "$line"; done', 'succeeded', ''],
    ['c', 'int main(void) { int n; scanf("%d", &n); return n; }', 'failed', ''],
    ['cpp', 'int main() { int n; std::cin >> n; }', 'succeeded', ''],
    ['go', 'fmt.Scanln(&name)', 'succeeded', ''],
    ['go', 'panic(err)', 'failed', 'panic: unexpected EOF'],
    ['ruby', 'puts gets.chomp', 'failed', "undefined method 'chomp' for nil (NoMethodError)"],
    ['ruby', 'name = STDIN.readline', 'failed', 'end of file reached (EOFError)'],
    ['rust', 'io::stdin().read_line(&mut line)', 'succeeded', ''],
    ['java', 'new Scanner(System.in).nextLine()', 'failed', 'java.util.NoSuchElementException: No line found'],
    ['haskell', 'main = getLine >>= putStrLn', 'failed', 'Prelude.getLine: end of file'],
  ])('is noticed in %s: %j', (language, code, status, errors) => {
    expect(lacksInput(asked(language, code), ended(language, status), errors)).toBe(true)
  })

  test.each<[why: string, CodeRequest, JobSummary, string]>([
    ['it has input', asked('python', 'input()', { stdin: 'x' }), ended('python', 'failed'), 'EOFError'],
    ['it can be talked to', asked('python', 'input()', { interactive: true }), ended('python', 'failed'), 'EOFError'],
    ['it was cancelled', asked('python', 'input()'), ended('python', 'cancelled'), ''],
    ['it did not compile', asked('c', 'scanf('), ended('c', 'compile-failed'), 'error: expected at end of input'],
    ['it reads nothing', asked('python', 'print(1 / 0)'), ended('python', 'failed'), 'ZeroDivisionError'],
    ['it has a function of that name', asked('python', 'form.input(1)'), ended('python', 'succeeded'), ''],
    ['it writes with puts', asked('ruby', 'puts 1'), ended('ruby', 'succeeded'), ''],
    ['it is of a language not known, and went well', asked('java', 'System.in'), ended('java', 'succeeded'), ''],
  ])('is no matter when %s', (_why, request, job, errors) => {
    expect(lacksInput(request, job, errors)).toBe(false)
  })
})
