import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { type Entries, tar } from '../support/archives.ts'
import { get, post, runJob } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { makePrivateRoot } from '../support/private-root.ts'
import { send } from '../support/send.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '200' })
})
afterAll(() => platform.close())

const judge = (request: Record<string, unknown>) => runJob(platform.url, request)
const verdicts = ({ stages }: Job) => stages.flatMap(({ judging }) => judging?.verdict ?? [])

describe('a problem of two passes', () => {
  /** The first pass encodes a number as words, the second decodes them. */
  const code = `
import os, sys
folder = sys.argv[3]
secret = open(sys.argv[2]).read().strip()
words = sys.stdin.read().split()
state = folder + 'state'
if not os.path.exists(state):
    open(state, 'w').write('second')
    if secret in words: sys.exit(43)
    open(folder + 'nextpass.in', 'w').write('decode ' + ' '.join(words))
    sys.exit(42)
assert open(sys.argv[1]).read().startswith('decode ')
sys.exit(42 if words == [secret] else 43)
`
  const checker = { type: 'program', language: 'python', code }
  const tests = [
    { stdin: 'encode 12', answer: '12' },
    { stdin: 'encode 345', answer: '345' },
  ]
  const encode = `
command, *words = input().split()
print(*words[0]) if command == 'encode' else print(''.join(words))`

  test('gives a program what its judge makes of what it wrote', async () => {
    const job = await judge({ language: 'python', code: encode, tests, checker, passes: 2 })
    expect(verdicts(job)).toEqual(['accepted', 'accepted'])
    expect(job.stages.map(({ judging }) => judging?.passes)).toEqual([2, 2])
    expect(job.stages[0]?.stdout).toBe('1 2\n12\n')
  })

  test('leaves nothing of a pass to the next but what the judge gives', async () => {
    const cheat = `
import os
command, *words = input().split()
if command == 'encode':
    for place in ('/job/note', '/tmp/note', '/dev/shm/note'):
        try: open(place, 'w').write(words[0])
        except OSError: pass
    print('nothing')
else:
    for place in ('/job/note', '/tmp/note', '/dev/shm/note'):
        if os.path.exists(place): print(open(place).read())`
    const job = await judge({ language: 'python', code: cheat, tests, checker, passes: 2 })
    expect(job.judging).toMatchObject({ verdict: 'wrong-answer', score: 0 })
  })

  test('ends at as many passes as it has', async () => {
    const more = 'echo 1 > $3/nextpass.in; exit 42'
    const endless = { type: 'program', language: 'bash', code: more }
    const job = await judge({ language: 'bash', code: 'cat', tests: [{ stdin: '1' }], checker: endless, passes: 3 })
    expect(job).toMatchObject({ status: 'judge-error', judging: { verdict: 'judge-error', score: 0 } })
    expect(job.message).toMatch(/another pass; 3 are allowed/)
    const crash = await judge({
      language: 'bash',
      code: 'read -r x; exit $x',
      tests: [{ stdin: '1' }],
      checker: endless,
      passes: 3,
    })
    expect(verdicts(crash)).toEqual(['runtime-error'])
  })
})

test('output is judged in place of a program', async () => {
  const tests = [
    { name: 'a', answer: '1' },
    { name: 'deep/b', answer: '2' },
    { name: 'c', answer: '3' },
  ]
  const files = [
    { path: 'a.out', content: '1\n' },
    { path: 'b.out', content: '2\r\n' },
    { path: 'c.py', content: 'print(3)' },
  ]
  const job = await judge({ language: 'text', files, tests, outputOnly: true })
  expect(verdicts(job)).toEqual(['accepted', 'accepted', 'wrong-answer'])
  expect(job.judging).toMatchObject({ score: 2, points: 3 })
})

describe('a program with grader files', () => {
  const harness = [
    {
      language: 'python',
      files: [{ path: 'grader.py', content: 'from solution import add\nprint(add(*map(int, input().split())))' }],
      entrypoint: 'grader.py',
      submission: 'solution.py',
    },
    {
      language: 'c',
      files: [
        { path: 'add.h', content: 'int add(int a, int b);' },
        {
          path: 'grader.c',
          content:
            '#include <stdio.h>\n#include "add.h"\nint main(void) { int a, b; scanf("%d%d", &a, &b); printf("%d\\n", add(a, b)); }',
        },
      ],
    },
  ]
  const tests = [
    { stdin: '1 2', answer: '3' },
    { stdin: '5 -7', answer: '-2' },
  ]

  test.each([
    ['python', 'def add(a, b): return a + b', ['accepted', 'accepted']],
    ['python', 'def add(a, b): return 3', ['accepted', 'wrong-answer']],
    ['c', '#include "add.h"\nint add(int a, int b) { return a + b; }', ['accepted', 'accepted']],
    ['c', 'int sub(int a, int b) { return a - b; }', []],
  ])('in %s is its function: %s', async (language, code, expected) => {
    const job = await judge({ language, code, tests, harness })
    expect(verdicts(job)).toEqual(expected)
    expect(job.judging?.verdict).toBe(expected.length === 0 ? 'compile-error' : expected.at(-1))
  })
})

test('what an interactor of testlib wrote is judged by its checker', async () => {
  const interactor = {
    protocol: 'testlib',
    language: 'bash',
    code: 'read -r guess; echo "you said $guess"; echo "$guess" > "$2"; [ "$guess" = none ] && exit 1; exit 0',
  }
  const checker = { type: 'program', protocol: 'testlib', language: 'bash', code: 'cmp -s "$2" "$3"' }
  const tests = [{ stdin: '', answer: '7\n' }]
  const said = (word: string) =>
    judge({ language: 'bash', code: `echo ${word}; read -r answer`, tests, interactor, checker })
  expect(verdicts(await said('7'))).toEqual(['accepted'])
  expect(verdicts(await said('8'))).toEqual(['wrong-answer'])
  expect(verdicts(await said('none'))).toEqual(['wrong-answer'])
})

test('a judge has stored files, in every test', async () => {
  const upload = { method: 'POST', body: 'yes\nja\noui\n' }
  const { text } = await send(`${platform.url}/v1/files`, { 'content-type': 'text/plain' }, upload)
  const { id } = JSON.parse(text) as { id: string }
  const files = [
    { path: 'words.txt', id },
    { path: 'main.sh', content: 'read -r word; if grep -qx "$word" words.txt; then exit 42; else exit 43; fi' },
  ]
  const checker = { type: 'program', language: 'bash', files }
  const tests = ['yes', 'no', 'oui'].map((stdin) => ({ stdin }))
  expect(verdicts(await judge({ language: 'bash', code: 'cat', tests, checker }))).toEqual([
    'accepted',
    'wrong-answer',
    'accepted',
  ])
  const compiled = {
    type: 'program',
    language: 'c',
    files: [
      { path: 'words.txt', id },
      {
        path: 'main.c',
        content:
          '#include <stdio.h>\nint main(void) { char w[9], x[9]; FILE *f = fopen("words.txt", "r"); scanf("%8s", w); while (fscanf(f, "%8s", x) == 1) if (__builtin_strcmp(w, x) == 0) return 42; return 43; }',
      },
    ],
  }
  for (let time = 0; time < 2; time++) {
    expect(verdicts(await judge({ language: 'bash', code: 'cat', tests, checker: compiled }))).toEqual([
      'accepted',
      'wrong-answer',
      'accepted',
    ])
  }
})

test('limits by language are those of its programs', async () => {
  const request = {
    tests: [{ stdin: '' }],
    limits: { cpuMs: 1000, wallMs: 4000 },
    languageLimits: { python: { timeFactor: 2 } },
  }
  expect((await judge({ ...request, language: 'python', code: '' })).limits).toMatchObject({
    cpuMs: 2000,
    wallMs: 8000,
  })
  expect((await judge({ ...request, language: 'bash', code: '' })).limits).toMatchObject({ cpuMs: 1000, wallMs: 4000 })
})

describe('a stored problem', () => {
  const FILES: Entries = [
    ['problem.json', '{"limits": {"cpuMs": 5000}, "languageLimits": {"c": {"timeFactor": 0.5}}}'],
    ['1.in', '1 2'],
    ['1.ans', '3'],
    ['2.in', '-4 4'],
    ['2.ans', '0'],
    ['submissions/accepted/a.py', 'print(sum(map(int, input().split())))'],
    ['submissions/wrong-answer/b.sh', 'echo 3'],
    ['submissions/rejected/c.py', 'print(sum(map(int, input().split())))'],
  ]
  const bodyOf = (files: Entries) => ({ name: 'Sum', archive: tar(files).toString('base64') })
  const problems = () => `${platform.url}/v1/problems`
  const put = async (id: string, files: Entries) => {
    const body = JSON.stringify(bodyOf(files))
    const answer = await fetch(`${problems()}/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const waited = async (batch: string) => (await get(`${platform.url}/v1/batches/${batch}?wait=60`)).body

  test('is described without being stored, or told all that is wrong with it', async () => {
    const valid = await post(`${problems()}?validate`, bodyOf(FILES))
    expect(valid.status).toBe(200)
    expect(valid.body).toMatchObject({ format: 'folder', tests: 2, points: 2, submissions: 3 })
    expect(valid.body['examples']).toContainEqual({ name: 'accepted/a.py', language: 'python', expected: ['accepted'] })
    const wrong = await post(
      `${problems()}?validate=true`,
      bodyOf([...FILES, ['3.in', ''], ['submissions/good/a.py', '']]),
    )
    expect(wrong.status).toBe(422)
    expect((wrong.body['errors'] as { detail: string }[]).map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^3\.in: has no answer/),
      expect.stringMatching(/^submissions\/good\/: is no folder of submissions/),
    ])
    expect((await get(problems())).body).toEqual({ problems: [] })
  })

  test('holds its example submissions to what they claim, and its inputs to its validators', async () => {
    const validators: Entries = [
      ['input_validators/any.py', 'import sys; sys.exit(42)'],
      ['input_validators/positive.sh', 'read first rest; [ "$first" -gt 0 ] && exit 42; exit 43'],
    ]
    const { id } = (await post<{ id: string }>(problems(), bodyOf([...FILES, ...validators]))).body
    expect((await get(`${problems()}/${id}/check`)).status).toBe(404)
    const begun = await post<{ batch: string }>(`${problems()}/${id}/check`, '')
    expect(begun.status).toBe(202)
    await waited(begun.body.batch)
    const { body } = await get(`${problems()}/${id}/check`)
    expect(body).toMatchObject({ state: 'failed', version: 1 })
    expect(
      (body['submissions'] as Record<string, unknown>[]).map(({ name, verdict, passed }) => [name, verdict, passed]),
    ).toEqual([
      ['accepted/a.py', 'accepted', true],
      ['rejected/c.py', 'accepted', false],
      ['wrong-answer/b.sh', 'wrong-answer', true],
    ])
    expect(
      (body['validators'] as Record<string, unknown>[]).map(({ name, refused, passed }) => [name, refused, passed]),
    ).toEqual([
      ['input_validators/any.py', [], true],
      ['input_validators/positive.sh', ['2'], false],
    ])
    await fetch(`${problems()}/${id}`, { method: 'DELETE' })
  })

  test('is exported as what makes it again', async () => {
    const { id } = (await post<{ id: string }>(problems(), bodyOf(FILES))).body
    const exported = await get(`${problems()}/${id}/archive`)
    const again = await post(`${problems()}?validate`, exported.body)
    const first = await post(`${problems()}?validate`, bodyOf(FILES))
    expect({ ...again.body, bytes: 0 }).toMatchObject({ name: 'Sum', tests: 2, points: 2, submissions: 3 })
    const claims = ({ body }: typeof again) =>
      (body['examples'] as { expected: string[] }[]).map(({ expected }) => expected.join()).toSorted()
    expect(claims(again)).toEqual(claims(first))
    await fetch(`${problems()}/${id}`, { method: 'DELETE' })
  })

  test('has versions, with which its submissions are judged again, and not compiled again', async () => {
    const { id } = (await post<{ id: string }>(problems(), bodyOf(FILES))).body
    const nothing = await post(`${problems()}/${id}/rejudge`, '')
    expect([nothing.status, nothing.body['code']]).toEqual([409, 'nothing-to-run'])
    const code =
      '#include <stdio.h>\n#warning compiled\nint main(void) { int a, b; scanf("%d%d", &a, &b); printf("%d\\n", a + b); }'
    const c = await judge({ language: 'c', code, problem: id, metadata: { of: 'c' } })
    const bash = await judge({ language: 'bash', code: 'echo 3', problem: id, limits: { cpuMs: 700 } })
    expect(c).toMatchObject({ limits: { cpuMs: 2500 }, judging: { verdict: 'accepted', problem: { id, version: 1 } } })
    expect(bash).toMatchObject({ limits: { cpuMs: 700 }, judging: { verdict: 'wrong-answer', score: 1 } })

    const changed = await put(id, [
      ['1.in', '1 2'],
      ['1.ans', '3'],
    ])
    expect(changed).toMatchObject({ status: 200, body: { id, version: 2, tests: 1 } })
    const rejudged = await post<{ batch: string; jobs: { id: string; again: { id: string } }[] }>(
      `${problems()}/${id}/rejudge`,
      '',
    )
    expect(rejudged).toMatchObject({ status: 202, body: { version: 2, left: [] } })
    expect(rejudged.body.jobs.map(({ again }) => again.id).toSorted()).toEqual([c.id, bash.id].toSorted())
    const events = `${platform.url}/v1/batches/${rejudged.body.batch}/events`
    const streamed = await (await fetch(events)).text()
    expect([...streamed.matchAll(/^event: job$/gm)]).toHaveLength(2)
    expect(streamed).toMatch(/id: end\ndata: \{"queued":0,"running":0,"finished":2,"cancelled":0\}\n\n$/)
    expect((await fetch(events, { headers: { 'last-event-id': 'end' } })).status).toBe(204)
    const { counts } = await waited(rejudged.body.batch)
    expect(counts).toEqual({ queued: 0, running: 0, finished: 2, cancelled: 0 })
    const now = async (old: Job) => {
      const { id: fresh = '' } = rejudged.body.jobs.find(({ again }) => again.id === old.id) ?? {}
      return (await get<Job>(`${platform.url}/v1/jobs/${fresh}`)).body
    }
    expect(await now(bash)).toMatchObject({
      limits: { cpuMs: 700 },
      judging: { verdict: 'accepted', problem: { id, version: 2 } },
    })
    const recompiled = await now(c)
    expect(recompiled).toMatchObject({ metadata: { of: 'c' }, judging: { verdict: 'accepted', score: 1 } })
    // What the compiler said and took is that of the first time.
    expect(recompiled.stages[0]).toEqual(c.stages[0])
    expect(recompiled.stages[0]?.stderr).toMatch(/compiled/)

    // Jobs that judge again are no submissions of their own.
    const second = await post<{ jobs: unknown[]; batch: string }>(`${problems()}/${id}/rejudge`, '')
    expect(second.body.jobs).toHaveLength(2)
    await waited(second.body.batch)
  })
})

describe('a stored problem with programs in a language that is not installed', () => {
  const TESTS: Entries = [
    ['1.in', '1 2'],
    ['1.ans', '3'],
    ['2.in', '-4 4'],
    ['2.ans', '0'],
  ]
  const RIGHT = 'read -r a b; echo $((a + b))'
  const PROGRAMS: Entries = [
    ['submissions/accepted/a.sh', RIGHT],
    ['submissions/rejected/c.sh', RIGHT],
    ['submissions/wrong-answer/b.sh', 'echo 3'],
  ]
  const OTHERS: Entries = [
    ['submissions/accepted/other.never', ''],
    ['submissions/accepted/README.md', ''],
    ['submissions/accepted/other.unknown', ''],
    ['input_validators/other.never', ''],
  ]
  const NOT_INSTALLED = ['submissions/accepted/other.never', 'input_validators/other.never']
  /** Nobody has an image of this language. */
  const place = makePrivateRoot(['never'])
  let limited: TestPlatform
  beforeAll(async () => {
    limited = await startPlatform({ KILL_GRACE_MS: '200' }, undefined, place.root)
  })
  afterAll(async () => {
    await limited.close()
    place.remove()
  })
  const problems = () => `${limited.url}/v1/problems`
  const bodyOf = (files: Entries) => ({ name: 'Sum', archive: tar(files).toString('base64') })
  const store = async (files: Entries) => (await post<{ id: string }>(problems(), bodyOf(files))).body.id

  test('is checked without these, and names their paths', async () => {
    const valid = await post(`${problems()}?validate`, bodyOf([...TESTS, ...PROGRAMS, ...OTHERS]))
    expect(valid.body).toMatchObject({ submissions: 4, leftOut: ['submissions/accepted/other.unknown'] })
    const id = await store([...TESTS, ...PROGRAMS, ...OTHERS, ['input_validators/pass.sh', 'exit 42']])
    const begun = await post<{ batch: string; jobs: string[] }>(`${problems()}/${id}/check`, '')
    expect(begun).toMatchObject({ status: 202, body: { jobs: { length: 4 } } })
    await get(`${limited.url}/v1/batches/${begun.body.batch}?wait=60`)
    const { body } = await get(`${problems()}/${id}/check`)
    const names = (body['submissions'] as { name: string; passed: boolean }[]).map(({ name, passed }) => [name, passed])
    expect(names).toEqual([
      ['accepted/a.sh', true],
      ['rejected/c.sh', false],
      ['wrong-answer/b.sh', true],
    ])
    expect(body).toMatchObject({
      state: 'failed',
      validators: [{ name: 'input_validators/pass.sh', refused: [], passed: true }],
      leftOut: NOT_INSTALLED,
    })
    await fetch(`${problems()}/${id}`, { method: 'DELETE' })
  })

  test.each<[string, Entries, string]>([
    ['none of whose programs can be run', OTHERS, '/language'],
    [
      'whose checker cannot be run',
      [...PROGRAMS, ['problem.json', '{"checker": {"type": "program", "file": "check.never"}}'], ['check.never', '']],
      '/submissions/0/checker/language',
    ],
    [
      'whose interactor cannot be run',
      [
        ...PROGRAMS,
        ['problem.json', '{"interactor": {"file": "talk.never"}}'],
        ['talk.never', ''],
        ['input_validators/pass.sh', 'exit 42'],
      ],
      '/submissions/0/interactor/language',
    ],
  ])('is not checked when it is one %s', async (_what, files, pointer) => {
    const id = await store([...TESTS, ...files])
    const refused = await post(`${problems()}/${id}/check`, '')
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'language-not-installed',
        errors: [{ pointer, detail: expect.stringMatching(/never is not installed/) }],
      },
    })
    expect((await get(`${problems()}/${id}/check`)).status).toBe(404)
    await fetch(`${problems()}/${id}`, { method: 'DELETE' })
  })
})
