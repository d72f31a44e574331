import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { judge as judgeFolder } from '../../src/cli/jobs/judge.ts'
import { connectTo } from '../../src/cli/service/connection.ts'
import type { Job } from '../../src/shared/job.ts'
import { type Entries, tar, zip } from '../support/archives.ts'
import { get, post, runJob } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '200' })
})
afterAll(() => platform.close())

type Fields = Record<string, unknown>
const judge = (language: string, code: string, more: Fields) => runJob(platform.url, { language, code, ...more })
const python = (code: string, more: Fields) => judge('python', code, more)
const verdicts = ({ stages }: Job) => stages.flatMap(({ judging }) => judging?.verdict ?? [])
const everything = async (id: string) => (await fetch(`${platform.url}/v1/jobs/${id}/events`)).text()

/** Accepts a number of which the square is the input, if the answer's sign is its own. By the conventions of Kattis. */
const ROOT_CHECKER = `
import sys
number = int(open(sys.argv[1]).read())
sign = open(sys.argv[2]).read().strip()
def say(name, words): open(sys.argv[3] + name, 'w').write(words)
say('judgemessage.txt', 'the sign is ' + sign)
words = sys.stdin.read().split()
if len(words) != 1 or not words[0].lstrip('-').isdigit():
    say('teammessage.txt', 'print one whole number')
    sys.exit(43)
root = int(words[0])
if root * root != number: sys.exit(43)
if (root < 0) != (sign == 'minus'): say('score_multiplier.txt', '0.5')
sys.exit(42)
`
const root = { type: 'program', language: 'python', code: ROOT_CHECKER }
const ROOTS = [
  { stdin: '16', answer: 'plus', points: 4 },
  { stdin: '49', answer: 'minus', points: 6 },
]
const SOLVE = 'print(round(int(input()) ** 0.5))'

describe('tests', () => {
  test('are scored in groups, which wait for those that they require', async () => {
    const groups = [
      { name: 'large', points: 60, scoring: 'min', requires: ['small'] },
      { name: 'small', points: 40 },
    ]
    const tests = [
      { group: 'large', stdin: '30', answer: '900' },
      { group: 'small', stdin: '2', answer: '4' },
      { group: 'small', stdin: '3', answer: '9', points: 3 },
    ]
    const right = await python('print(int(input()) ** 2)', { tests, groups })
    expect(right.judging).toMatchObject({ verdict: 'accepted', score: 100, points: 100, skipped: [] })
    expect(right.stages.map(({ name }) => name)).toEqual(['test 2', 'test 3', 'test 1'])
    const wrong = await python('print(4)', { tests, groups })
    expect(wrong).toMatchObject({
      status: 'wrong-answer',
      judging: { verdict: 'wrong-answer', score: 10, skipped: [0] },
    })
    expect(wrong.judging?.groups).toEqual([
      { name: 'large', verdict: null, score: 0, points: 60 },
      { name: 'small', verdict: 'wrong-answer', score: 10, points: 40 },
    ])
  })

  test('have verdicts of every kind, limits of their own, and are told one by one', async () => {
    const code = `
import sys, time
for line in sys.stdin:
    word = line.strip()
    if word == 'sleep': time.sleep(2)
    if word == 'crash': sys.exit(1)
    if word == 'hoard': x = bytearray(1 << 30)
    if word == 'flood':
        while True: print('flood' * 1000)
    print(word.upper() if word != 'layout' else ' LAYOUT')`
    const words = ['sleep', 'sleep', 'crash', 'hoard', 'flood', 'layout', 'right']
    const tests = words.map((word, index) => ({ stdin: word, answer: index === 0 ? 'x' : word.toUpperCase() }))
    Object.assign(tests[1] ?? {}, { limits: { wallMs: 300 } })
    Object.assign(tests[4] ?? {}, { limits: { outputBytes: 10_000 } })
    const job = await python(code, { tests, limits: { memoryBytes: 256 * 1024 * 1024 } })
    const expected = [
      'wrong-answer',
      'time-limit',
      'runtime-error',
      'memory-limit',
      'output-limit',
      'presentation-error',
      'accepted',
    ]
    // Python may survive the refusal of memory with an error of its own.
    expect(
      verdicts(job).map((verdict, index) => (index === 3 && verdict === 'runtime-error' ? 'memory-limit' : verdict)),
    ).toEqual(expected)
    expect(job.judging).toMatchObject({ verdict: 'wrong-answer', score: 1, points: 7 })
    const told = [...(await everything(job.id)).matchAll(/"phase":"ended".*?"judging":\{"verdict":"([a-z-]+)"/g)]
    expect(told.map(([, verdict]) => verdict)).toEqual(verdicts(job))
  })

  test('end with the first failure when the job says so, and with a program that does not compile', async () => {
    const tests = [{ answer: 'a' }, { answer: 'b' }, { answer: 'b' }]
    const stopped = await python('print("b")', { tests, stopOnFailure: true })
    expect(stopped.judging).toMatchObject({ verdict: 'wrong-answer', score: 0, skipped: [1, 2] })
    const broken = await judge('c', 'int main(', { tests, checker: root })
    expect(broken).toMatchObject({
      status: 'compile-failed',
      judging: { verdict: 'compile-error', skipped: [0, 1, 2] },
    })
  })
})

describe('a checker of one’s own', () => {
  test('judges what a program wrote, in parts, and speaks to its author and to judges', async () => {
    const job = await python(SOLVE, { tests: ROOTS, checker: root })
    expect(job).toMatchObject({ status: 'succeeded', judging: { verdict: 'accepted', score: 7, points: 10 } })
    expect(job.stages[1]?.judging).toMatchObject({
      verdict: 'accepted',
      score: 3,
      points: 6,
      judgeMessage: 'the sign is minus',
    })
    expect(job.stages[1]?.judging?.check?.cpuMs).toBeGreaterThan(0)
    const wordy = await python('print("four")', { tests: ROOTS, checker: root })
    expect(wordy.stages[0]?.judging).toMatchObject({ verdict: 'wrong-answer', feedback: 'print one whole number' })
  })

  test('can be compiled, and speak as testlib does', async () => {
    const code = `
#include <stdio.h>
int main(int argc, char **argv) {
  long output, answer;
  FILE *of[3];
  for (int i = 0; i < 3; i++) of[i] = fopen(argv[i + 1], "r");
  if (fscanf(of[2], "%ld", &answer) != 1) return 3;
  if (fscanf(of[1], "%ld", &output) != 1) { fprintf(stderr, "no number"); return 2; }
  if (output == answer) return 0;
  if (output == answer + 1) { fprintf(stderr, "points 0.25 close"); return 7; }
  fprintf(stderr, "%ld is not %ld", output, answer);
  return 1;
}`
    const checker = { type: 'program', protocol: 'testlib', language: 'c', code }
    const tests = ['5', '6', '8', 'x'].map((stdin) => ({ stdin, answer: '5' }))
    const job = await judge('bash', 'cat', { tests, checker })
    expect(verdicts(job)).toEqual(['accepted', 'accepted', 'wrong-answer', 'presentation-error'])
    expect(job.judging).toMatchObject({ score: 1.25, points: 4 })
    expect(job.stages.map(({ judging }) => judging?.judgeMessage)).toEqual([
      undefined,
      'points 0.25 close',
      '8 is not 5',
      'no number',
    ])
  })

  test.each([
    ['crashes', { language: 'python', code: 'raise KeyError(1)' }, /exit code 1.*KeyError/s],
    ['does not compile', { language: 'c', code: 'int main(' }, /does not compile/],
    ['takes too long', { language: 'bash', code: 'sleep 9', limits: { wallMs: 300 } }, /300 ms/],
    ['is killed', { language: 'bash', code: 'kill -9 $$' }, /signalled/],
    [
      'gives too much',
      { language: 'bash', code: 'echo 2 > $3/score_multiplier.txt; exit 42' },
      /gives 2; allowed are 0 to 1/,
    ],
  ])('that %s is the judges’ fault, and ends the job', async (_, program, message) => {
    const job = await python(SOLVE, { tests: ROOTS, checker: { type: 'program', ...program } })
    expect(job).toMatchObject({ status: 'judge-error', judging: { verdict: 'judge-error', score: 0, skipped: [1] } })
    expect(job.message).toMatch(message)
  })

  test('has a folder of its own for each test', async () => {
    const code = 'ls -A . .judge > .judge/feedback/judgemessage.txt; touch left .judge/left; exit 42'
    const job = await python(SOLVE, { tests: ROOTS, checker: { type: 'program', language: 'bash', code } })
    const [first, second] = job.stages.map(({ judging }) => judging?.judgeMessage)
    expect(first).toMatch(/^\.:\n\.judge\nmain\.sh\n\n\.judge:\nanswer\.txt\nfeedback\ninput\.txt\noutput\.txt$/)
    expect(second).toBe(first)
  })
})

/** Thinks of a number, and answers twenty guesses. */
const GUESSING = `
import sys
number = int(open(sys.argv[1]).read())
for turn in range(20):
    line = sys.stdin.readline()
    if not line.strip().isdigit(): sys.exit(43)
    if int(line) == number:
        print('correct', flush=True)
        sys.exit(42)
    print('higher' if int(line) < number else 'lower', flush=True)
open(sys.argv[3] + 'teammessage.txt', 'w').write('too many guesses')
sys.exit(43)
`
const guessing = { language: 'python', code: GUESSING }
const NUMBERS = [{ stdin: '1' }, { stdin: '777' }]

describe('an interactor', () => {
  const search = {
    python: `
low, high = 1, 1000
while True:
    guess = (low + high) // 2
    print(guess, flush=True)
    answer = input()
    if answer == 'correct': break
    if answer == 'higher': low = guess + 1
    else: high = guess - 1`,
    c: `
#include <stdio.h>
#include <string.h>
int main(void) {
  int low = 1, high = 1000;
  char answer[20];
  for (;;) {
    int guess = (low + high) / 2;
    printf("%d\\n", guess);
    fflush(stdout);
    if (scanf("%19s", answer) != 1) return 1;
    if (strcmp(answer, "correct") == 0) return 0;
    if (strcmp(answer, "higher") == 0) low = guess + 1; else high = guess - 1;
  }
}`,
    bash: `
low=1 high=1000
while :; do
  guess=$(((low + high) / 2))
  echo $guess
  read -r answer
  case $answer in correct) exit ;; higher) low=$((guess + 1)) ;; *) high=$((guess - 1)) ;; esac
done`,
  }
  test.each(Object.entries(search))('talks to a program in %s', async (language, code) => {
    const job = await judge(language, code, { tests: NUMBERS, interactor: guessing })
    expect(verdicts(job)).toEqual(['accepted', 'accepted'])
    expect(job.judging).toMatchObject({ verdict: 'accepted', score: 2, points: 2 })
  })

  test.each([
    ['talks out of turn', 'for n in range(1, 1001): print(n, flush=True)', 'wrong-answer'],
    ['says what the interactor says', "print('correct', flush=True); print('42')", 'wrong-answer'],
    ['never speaks', 'input()', 'time-limit'],
    ['never listens', "while True: print('5' * 1000)", 'wrong-answer|output-limit'],
    ['leaves', '', 'wrong-answer'],
    ['ends as the interactor would', 'import os; os._exit(42)', 'runtime-error'],
    ['crashes on its first answer', 'print(1000, flush=True); input(); 1 / 0', 'runtime-error'],
  ])('gives nothing to a program that %s', async (_, code, verdict) => {
    const limits = { wallMs: 1500 }
    const job = await python(code, { tests: [{ stdin: '777' }], interactor: guessing, limits })
    expect(verdicts(job).join()).toMatch(new RegExp(`^(?:${verdict})$`))
    expect(job.judging?.score).toBe(0)
  })

  test('that says why is heard, and one that fails is the judges’ fault', async () => {
    const slow = 'n = 1\nwhile True:\n    print(n, flush=True)\n    n += 1\n    if input() == "correct": break'
    const job = await python(slow, { tests: NUMBERS, interactor: guessing })
    expect(verdicts(job)).toEqual(['accepted', 'wrong-answer'])
    expect(job.stages[1]?.judging?.feedback).toBe('too many guesses')
    const broken = { language: 'python', code: 'input(); 1 / 0' }
    const failed = await python('print(1)', { tests: NUMBERS, interactor: broken })
    expect(failed).toMatchObject({ status: 'judge-error', judging: { score: 0, skipped: [1] } })
  })
})

describe('a cheater gains nothing that', () => {
  const SECRET = 'the-next-input-is-7f3a'
  /** Prints every line with these words that can be read anywhere. */
  const LOOK = `
import glob, os, sys
sys.stdin.read()
places = [os.path.join(folder, name) for top in ('/job', '/tmp', '/dev/shm', '/var/tmp', '/run') for folder, _, names in os.walk(top) for name in names]
for place in places + glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/fd/*'):
    try: text = os.read(os.open(place, os.O_RDONLY | os.O_NONBLOCK), 1 << 16).decode(errors='replace')
    except OSError: continue
    for line in text.splitlines():
        if 'the-' + 'next' in line or 'the-' + 'answer' in line: print(line)
`
  const tests = [
    { stdin: 'a', answer: 'the-answer-of-one' },
    { stdin: SECRET, answer: 'the-answer-of-two' },
  ]
  const checker = {
    type: 'program',
    language: 'bash',
    code: 'if diff -q <(sort -u) $2 > /dev/null; then exit 42; fi; exit 43',
  }

  test.each([
    ['looks for the answer and the next test', LOOK],
    [
      'leaves notes for the next test',
      `
import os, sys
text = sys.stdin.read()
places = ['/job/note', '/tmp/note', '/dev/shm/note', '/job/.judge/answer.txt', '/job/main.py']
for place in places:
    try: print(open(place).read())
    except OSError: pass
for place in places:
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, 'w').write('the-answer-of-two')
    except OSError: pass`,
    ],
    [
      'kills whatever it can',
      "import os, signal\nprint('the-answer-of-one', flush=True)\nos.kill(-1, signal.SIGKILL)\nprint('x')",
    ],
    ['ends as the checker would', 'import os\nos._exit(42)'],
    ['prints what the checker would', "print('42\\naccepted\\nscore 1')"],
    ['floods the checker', "while True: print('the-answer-of-one')"],
    [
      'writes files of the checker',
      `
import os
os.makedirs('/job/.judge/feedback', exist_ok=True)
open('/job/.judge/feedback/score_multiplier.txt', 'w').write('1')
open('/job/.judge/answer.txt', 'w').write('mine')
print('mine')`,
    ],
  ])('%s', async (_, code) => {
    const job = await python(code, { tests, checker, limits: { wallMs: 5000 } })
    expect(job.judging).toMatchObject({ score: 0, points: 2 })
    expect(job.judging?.verdict).not.toBe('judge-error')
  })
})

test('the command line judges with a folder, and tells each verdict', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-problem-'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    return join(folder, path)
  }
  const connection = connectTo({ url: platform.url, source: 'test' }, undefined, () => undefined)
  const never = { stop: new AbortController().signal, hurry: new AbortController().signal }
  const run = async (program: string) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const notes: string[] = []
    const streams = { stdout, stderr, note: (text: string) => void notes.push(text) }
    const code = await judgeFolder(join(folder, 'sum'), program, {}, connection, streams, never)
    const said = String(stdout.read() ?? '').replaceAll(/ +\d+ ms +[\d.]+ MiB/g, ' N ms N MiB')
    return { code, said, notes }
  }
  try {
    write(
      'sum/problem.json',
      JSON.stringify({ groups: [{ name: 'large', points: 8, scoring: 'min' }], checker: { type: 'tokens' } }),
    )
    for (const [name, input, answer] of [
      ['1', '1 2', '3'],
      ['large/2', '30 40', '70'],
      ['large/10', '9 -9', '0'],
    ]) {
      write(`sum/${name}.in`, `${input}\n`)
      write(`sum/${name}.ans`, `${answer}\n`)
    }
    const right = await run(write('right.py', 'print(sum(map(int, input().split())))'))
    expect(right).toEqual({
      code: 0,
      said: [
        'TEST      VERDICT                   CPU     MEMORY  POINTS',
        '1         accepted N ms N MiB  1/1',
        'large/2   accepted N ms N MiB  1/1',
        'large/10  accepted N ms N MiB  1/1',
        'group large: 8 of 8',
        'accepted: 9 of 9 points',
        '',
      ].join('\n'),
      notes: [],
    })
    const wrong = await run(write('wrong.sh', 'read -r a b; echo $((a + (b < 0 ? -b : b)))'))
    expect(wrong.code).toBe(121)
    expect(wrong.said).toMatch(
      /large\/10 {2}wrong-answer +N ms N MiB {2}0\/1\n {10}line 1: expected "0", got "18"\ngroup large: 0 of 8\nwrong-answer: 1 of 9 points\n$/,
    )
    write('sum/4.in', '')
    await expect(run(join(folder, 'right.py'))).rejects.toThrow(/cannot be used:\n {2}4\.in has no answer/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a problem is stored once, judged against by its id, and shows no test', async () => {
  const problems = `${platform.url}/v1/problems`
  const store = (archive: Buffer) =>
    post<{ id: string; errors: { detail: string }[] }>(problems, { name: 'Sum', archive: archive.toString('base64') })
  const files: Entries = [
    ['sum/problem.yaml', 'problem_format_version: 2025-09\ntype: scoring\nlimits:\n  time_limit: 2\n'],
    ['sum/data/sample/1.in', '1 2'],
    ['sum/data/sample/1.ans', '3'],
    ['sum/data/secret/a/1.in', '5 -7'],
    ['sum/data/secret/a/1.ans', '-2'],
    ['sum/data/secret/a/test_group.yaml', 'max_score: 100\nrequire_pass: sample'],
  ]
  const { status, body } = await store(zip(files))
  expect(status).toBe(201)
  expect(body).toMatchObject({ name: 'Sum', tests: 2, groups: ['sample', 'secret/a'], points: 100 })
  const right = await python('print(sum(map(int, input().split())))', { problem: body.id })
  expect(right).toMatchObject({
    status: 'succeeded',
    limits: { cpuMs: 2000 },
    judging: { verdict: 'accepted', score: 100 },
  })
  const wrong = await python('print(3)', { problem: body.id.toUpperCase(), limits: { cpuMs: 500 } })
  expect(wrong).toMatchObject({ limits: { cpuMs: 500 }, judging: { verdict: 'wrong-answer', score: 0, points: 100 } })
  expect(wrong.stages.map(({ stdout }) => stdout)).toEqual(['3\n', ''])

  const refused = await store(
    tar([
      ['1.in', ''],
      ['2.ans', ''],
    ]),
  )
  expect([refused.status, refused.body.errors.map(({ detail }) => detail)]).toEqual([
    422,
    [expect.stringMatching(/^1\.in: has no answer/), expect.stringMatching(/^2\.ans: is an answer without/)],
  ])
  expect((await store(Buffer.from('no archive'))).status).toBe(422)
  const large = await store(zip([['1.in', ' '.repeat(9 * 1024 * 1024)]]))
  expect([large.status, large.body.errors]).toEqual([
    413,
    [
      {
        pointer: '/archive',
        detail: expect.stringMatching(/more than 8 MiB.*MAX_PROBLEM_BYTES, the most of a problem, is 8388608$/),
      },
    ],
  ])
  const both = await post(`${platform.url}/v1/jobs`, { language: 'python', code: '', problem: body.id, tests: [{}] })
  expect([both.status, both.body['errors']]).toEqual([
    422,
    [{ pointer: '/tests', detail: 'cannot be used with /problem' }],
  ])
  expect((await get(problems)).body).toMatchObject({ problems: [{ id: body.id }] })
  expect((await fetch(`${problems}/${body.id}`, { method: 'DELETE' })).status).toBe(204)
  expect([(await get(`${problems}/${body.id}`)).status, (await get(problems)).body]).toEqual([404, { problems: [] }])
  const gone = await post(`${platform.url}/v1/jobs`, { language: 'python', code: '', problem: body.id })
  expect(gone.status).toBe(422)
})

test('what is secret is in no event and no result', async () => {
  const words = ['input-5d1', 'answer-5d1', 'judges-5d1']
  const checker = {
    type: 'program',
    language: 'bash',
    code: 'echo "$(cat $2) judges-5d1" > $3/judgemessage.txt; echo "try harder" > $3/teammessage.txt; echo judges-5d1 >&2; exit 43',
  }
  const code = 'import sys\nx = input()\nprint(x)\nprint(x, file=sys.stderr)'
  const tests = [
    { stdin: words[0], answer: words[1] },
    { stdin: 'open', answer: 'open', secret: false },
  ]
  const job = await python(code, { tests, secret: true, checker })
  const [secret, open] = job.stages
  expect(secret).toMatchObject({ stdout: '', stderr: '', output: '', stdoutBytes: 0, stderrBytes: 0, exitCode: null })
  expect(secret?.judging).toMatchObject({ verdict: 'wrong-answer', feedback: 'try harder' })
  expect(open).toMatchObject({ stdout: 'open\n', exitCode: 0 })
  expect(open?.judging?.judgeMessage).toBe('open judges-5d1')
  const told =
    JSON.stringify({ ...job, stages: [secret] }) + (await everything(job.id)).replaceAll('open judges-5d1', '')
  for (const word of words) expect(told).not.toContain(word)
  const failing = { type: 'program', language: 'bash', code: 'cat $2 >&2; exit 1' }
  const failed = await python(code, { tests, secret: true, checker: failing })
  expect(failed.status).toBe('judge-error')
  for (const word of words) expect(JSON.stringify(failed) + (await everything(failed.id))).not.toContain(word)
})

test.each([
  ['an unknown group', { tests: [{ group: 'x' }] }, '/tests/0/group'],
  ['too many points', { tests: [{ points: 1e9 }] }, '/tests/0/points'],
  ['a limit above the most', { tests: [{ limits: { wallMs: 1e9 } }] }, '/tests/0/limits/wallMs'],
  ['a limit that tests share', { tests: [{ limits: { memoryBytes: 1e8 } }] }, '/tests/0/limits/memoryBytes'],
  [
    'a circle',
    {
      tests: [{ group: 'a' }, { group: 'b' }],
      groups: [
        { name: 'a', requires: ['b'] },
        { name: 'b', requires: ['a'] },
      ],
    },
    '/groups/0/requires',
  ],
  [
    'a checker of no known language',
    { tests: [{}], checker: { type: 'program', language: 'klingon', code: '' } },
    '/checker/language',
  ],
  ['an interactor without its program', { tests: [{}], interactor: { language: 'python' } }, '/interactor/code'],
  [
    'a checker with too much memory',
    { tests: [{}], checker: { type: 'program', language: 'python', code: '', limits: { memoryBytes: 1e15 } } },
    '/checker/limits/memoryBytes',
  ],
  [
    'a file where the judges have theirs',
    {
      tests: [{}],
      checker: {
        type: 'program',
        language: 'python',
        entrypoint: 'a.py',
        files: [
          { path: 'a.py', content: '' },
          { path: '.judge/answer.txt', content: '' },
        ],
      },
    },
    '/checker/files/1/path',
  ],
] as [string, Fields, string][])('%s is refused with its place', async (_, more, pointer) => {
  const { status, body } = await post<{ errors: { pointer: string }[] }>(`${platform.url}/v1/jobs`, {
    language: 'python',
    code: '',
    ...more,
  })
  expect([status, body.errors.map((error) => error.pointer)]).toEqual([422, [pointer]])
})
