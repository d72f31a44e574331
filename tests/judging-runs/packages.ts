import type { Job } from '../../src/shared/job.ts'
import { type Entries, zip } from '../support/archives.ts'
import { get, post } from '../support/client.ts'
import { DIVISOR_CHECKER, GUESS_CHECKER, GUESS_INTERACTOR, KATTIS_VALIDATOR, TESTLIB_LIKE } from './headers.ts'
import { judged } from './judged.ts'

/** A submission to a package, and what must come of it. */
interface Submission {
  code: string
  verdict: string
  score: number
  /** What the author is told of the first test. */
  feedback?: string
  /** What judges are told of the first test, which is a sample; the others are secret. */
  judgeMessage?: RegExp
}
interface Package {
  name: string
  files: Entries
  submissions: Submission[]
}

const polygon = (judging: string, assets: string) => `<?xml version="1.0" encoding="utf-8"?>
<problem revision="1" short-name="p">
  <judging><testset name="tests">
    <time-limit>2000</time-limit><memory-limit>134217728</memory-limit><test-count>2</test-count>
    <input-path-pattern>tests/%02d</input-path-pattern><answer-path-pattern>tests/%02d.a</answer-path-pattern>
    ${judging}
  </testset></judging>
  <files><resources><file path="files/testlib.h"/></resources></files>
  <assets>${assets}</assets>
</problem>`
const source = (what: string, path: string) => `<${what}><source path="${path}" type="cpp.g++17"/></${what}>`
const SEARCH = (first: string) => `
low, high = 1, 1000
while True:
    guess = ${first}
    print(guess, flush=True)
    said = input()
    if said == 'equal': break
    if said == 'more': low = guess + 1
    else: high = guess - 1`

export const PACKAGES: Package[] = [
  {
    name: 'Polygon, a checker with testlib and points',
    files: [
      [
        'problem.xml',
        polygon(
          '<tests><test sample="true" points="10"/><test points="10"/></tests>',
          `${source('checker', 'files/check.cpp')}<solutions><solution tag="main"><source path="solutions/main.py" type="python.3"/></solution><solution tag="wrong-answer"><source path="solutions/wa.py" type="python.3"/></solution></solutions>`,
        ),
      ],
      ['files/testlib.h', TESTLIB_LIKE],
      ['files/check.cpp', DIVISOR_CHECKER],
      ['solutions/main.py', 'n = int(input())\nprint(next(d for d in range(2, n + 1) if n % d == 0))'],
      ['solutions/wa.py', 'print(4)'],
      ['tests/01', '91\n'],
      ['tests/01.a', '7\n'],
      ['tests/02', '221\n'],
      ['tests/02.a', '13\n'],
    ],
    submissions: [
      {
        code: 'n = int(input())\nprint(next(d for d in range(2, n + 1) if n % d == 0))',
        verdict: 'accepted',
        score: 20,
        judgeMessage: /^ok the smallest/,
      },
      { code: 'print(int(input()))', verdict: 'accepted', score: 8, judgeMessage: /^points 4 not the smallest/ },
      { code: 'print(4)', verdict: 'wrong-answer', score: 0, judgeMessage: /^wrong answer 4 does not divide 91/ },
      { code: 'print("x")', verdict: 'presentation-error', score: 0, judgeMessage: /^wrong output format/ },
      { code: 'print("7 7")', verdict: 'presentation-error', score: 0 },
      { code: '', verdict: 'presentation-error', score: 0, judgeMessage: /^unexpected eof/ },
      { code: 'print(1)', verdict: 'judge-error', score: 0, judgeMessage: /FAIL one is not thought of/ },
    ],
  },
  {
    name: 'Polygon, an interactor and a checker with testlib',
    files: [
      [
        'problem.xml',
        polygon('', `${source('checker', 'files/check.cpp')}${source('interactor', 'files/interactor.cpp')}`),
      ],
      ['files/testlib.h', TESTLIB_LIKE],
      ['files/check.cpp', GUESS_CHECKER],
      ['files/interactor.cpp', GUESS_INTERACTOR],
      ['tests/01', '613\n'],
      ['tests/01.a', '\n'],
      ['tests/02', '1\n'],
      ['tests/02.a', '\n'],
    ],
    submissions: [
      { code: SEARCH('(low + high) // 2'), verdict: 'accepted', score: 2 },
      // The interactor accepts it, the checker does not.
      { code: SEARCH('max(low, high - 25)'), verdict: 'wrong-answer', score: 0 },
      { code: 'for guess in range(60): print(2000, flush=True)', verdict: 'wrong-answer', score: 0 },
      { code: 'print("high")', verdict: 'presentation-error', score: 0 },
    ],
  },
  {
    name: 'Kattis, an output validator of scoring',
    files: [
      ['problem.yaml', 'problem_format_version: 2025-09\ntype: [scoring]\nlimits:\n  time_limit: 2\n'],
      ['data/secret/test_group.yaml', 'max_score: 20\nscore_aggregation: sum\noutput_validator_args: [extra]'],
      ['data/secret/1.in', 'first'],
      ['data/secret/1.ans', 'word'],
      ['data/secret/2.in', 'first'],
      ['data/secret/2.ans', 'word'],
      ['output_validator/validate.cpp', KATTIS_VALIDATOR],
    ],
    submissions: [
      { code: 'print("word")', verdict: 'accepted', score: 20 },
      { code: 'print("half")', verdict: 'accepted', score: 10 },
      // Each of the two tests gives ten at most.
      { code: 'print("three")', verdict: 'accepted', score: 6 },
      { code: 'print("other")', verdict: 'wrong-answer', score: 0 },
      { code: '', verdict: 'wrong-answer', score: 0, feedback: 'print a word' },
      { code: 'print("crash")', verdict: 'judge-error', score: 0 },
      // More than the test has.
      { code: 'print("much")', verdict: 'judge-error', score: 0 },
    ],
  },
  {
    name: 'Kattis, an output validator of two passes',
    files: [
      ['problem.yaml', 'problem_format_version: 2025-09\ntype: [pass-fail, multi-pass]\nlimits:\n  time_limit: 2\n'],
      ['data/sample/test_group.yaml', 'output_validator_args: [extra]'],
      ['data/sample/1.in', 'first'],
      ['data/sample/1.ans', 'word'],
      ['output_validator/validate.cpp', KATTIS_VALIDATOR],
    ],
    submissions: [
      { code: 'print("again")', verdict: 'accepted', score: 1, judgeMessage: /^got again, expected word/ },
      { code: 'print("again" if input() == "first" else "no")', verdict: 'wrong-answer', score: 0 },
      { code: 'print("word")', verdict: 'accepted', score: 1 },
    ],
  },
]

/** Stores a package, judges its own example submissions and those listed here. @returns what is wrong */
export async function provePackage(url: string, { name, files, submissions }: Package): Promise<string[]> {
  const archive = zip(files).toString('base64')
  const stored = await post<{ id: string; submissions: number }>(`${url}/v1/problems`, { name, archive })
  if (stored.status !== 201) return [`${name}: is refused: ${JSON.stringify(stored.body)}`]
  const { id } = stored.body
  const faults: string[] = []
  for (const { code, verdict, score, feedback, judgeMessage } of submissions) {
    const job: Job = await judged(url, { language: 'python', code, problem: id })
    const first = job.stages.find(({ test }) => test)?.judging
    const found = `${job.judging?.verdict} with ${job.judging?.score}, feedback ${first?.feedback}, to judges ${first?.judgeMessage} (${job.message})`
    const isAsExpected =
      job.judging?.verdict === verdict &&
      job.judging.score === score &&
      (feedback === undefined || first?.feedback === feedback) &&
      (judgeMessage === undefined || judgeMessage.test(first?.judgeMessage ?? ''))
    if (!isAsExpected) faults.push(`${name}: ${JSON.stringify(code)} is ${found}; expected ${verdict} with ${score}`)
  }
  if (stored.body.submissions > 0) {
    const begun = await post<{ batch: string }>(`${url}/v1/problems/${id}/check`, '')
    await get(`${url}/v1/batches/${begun.body.batch}?wait=60`)
    const { body } = await get(`${url}/v1/problems/${id}/check`)
    if (body['state'] !== 'passed') faults.push(`${name}: example submissions: ${JSON.stringify(body)}`)
  }
  return faults
}
