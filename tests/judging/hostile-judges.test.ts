import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { runJob } from '../support/client.ts'
import { partOf } from '../support/part-of.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '200' })
})
/** Closing looks for containers and keys that are left. */
afterAll(() => platform.close())

/** A checker or an interactor that does what it should not, and what is said of that to judges; or that accepts, when it does no harm. */
type Row = [does: string, program: Record<string, unknown>, expected: RegExp | 'accepted']

const bash = (code: string, limits = {}) => ({ language: 'bash', code, limits })
const python = (code: string, limits = {}) => ({ language: 'python', code, limits })
const testlib = (code: string) => ({ ...bash(code), protocol: 'testlib' })

/** What neither of them may do. */
const BOTH: Row[] = [
  ['never ends', bash('while :; do :; done', { cpuMs: 300 }), /300 ms/],
  ['sleeps for ever', bash('sleep 1000', { wallMs: 400 }), /took longer/],
  ['does not heed a polite end', bash("trap '' TERM; while :; do sleep 1; done", { wallMs: 400 }), /took longer/],
  [
    'eats memory',
    python('all = []\nwhile True: all.append(bytearray(1 << 20))', { memoryBytes: 64 * MIB }),
    /memory|MemoryError/,
  ],
  [
    'prints 100 MB',
    python("import sys\nfor i in range(100): sys.stdout.write('5' * 1000000)"),
    /more than 1048576 bytes/,
  ],
  [
    'prints 100 MB of errors',
    python("import sys\nfor i in range(100): sys.stderr.write('5' * 1000000)"),
    /more than 1048576 bytes/,
  ],
  ['floods in many small pieces', bash('while :; do echo 1; done', { outputBytes: 65_536 }), /more than 65536 bytes/],
  [
    'forks without end',
    bash('bash main.sh & bash main.sh & wait; exit 9', { processes: 16, wallMs: 3000 }),
    /took longer|exit code (?:9|254), which kattis/,
  ],
  ['leaves processes behind', bash('for i in 1 2 3; do (setsid sleep 1000 &) ; done; exit 42'), 'accepted'],
  ['kills all that it can', bash('kill -9 -1; exit 42'), 'accepted'],
  ['kills its leader and its parent', bash('kill -9 1; kill -STOP 1; kill -9 $PPID; exit 42'), 'accepted'],
  ['ends by a signal', bash('kill -SEGV $$'), /SIGSEGV|signal/],
  ['ends by the signal of limits', bash('kill -XCPU $$'), /CPU time/],
  ['kills itself', bash('kill -9 $$'), /SIGKILL|signal/],
  ['stops itself', bash('kill -STOP $$; exit 42', { wallMs: 400 }), /took longer/],
  ['exits with 0', bash('exit 0'), /exit code 0, which kattis/],
  ['exits with 41', bash('exit 41'), /exit code 41/],
  ['exits with 44', bash('exit 44'), /exit code 44/],
  ['exits with 255', bash('exit 255'), /exit code 255/],
  ['exits with 42 by the other protocol', testlib('exit 42'), /exit code 42, which testlib/],
  ['exits with 5 by the other protocol', testlib('exit 5'), /exit code 5/],
  ['says that it fails', testlib('echo no answer >&2; exit 3'), /no answer/],
  ['gives points that are no number', testlib('echo points much >&2; exit 7'), /gives much/],
  ['gives no points', testlib('exit 7'), /gives no points/],
  ...['NaN', '-1', '1e999', '0x1', 'Infinity', '1 1', '', '2'].map((text): Row => [
    `writes the score ${JSON.stringify(text)}`,
    bash(`printf '%s' '${text}' > "$3/score.txt"; exit 42`),
    /gives .*allowed are 0 to 1/,
  ]),
  ['writes a part above one', bash('echo 1.01 > "$3/score_multiplier.txt"; exit 42'), /gives 1\.01; allowed/],
  ['writes bytes as its score', bash(`printf '\\377\\000\\001' > "$3/score.txt"; exit 42`), /gives .*allowed/],
  ['writes a score of 2 MB', bash('head -c 2000000 /dev/zero | tr "\\0" 1 > "$3/score.txt"; exit 42'), /too large/],
  ['links its score to another file', bash('ln -s /etc/passwd "$3/score.txt"; exit 42'), /neither a file/],
  ['makes its message a pipe', bash('mkfifo "$3/teammessage.txt"; exit 42'), /neither a file/],
  [
    'forbids to read its message',
    bash('echo a > "$3/judgemessage.txt"; chmod 0 "$3/judgemessage.txt"; exit 42'),
    /1 without permission to read/,
  ],
  ['makes its score a folder', bash('mkdir "$3/score.txt"; exit 42'), 'accepted'],
  ['removes its folder', bash('rm -rf "$3" .judge; exit 42'), 'accepted'],
  [
    'writes over the answer and itself',
    bash('echo 1 > "$2"; echo 1 > "$1"; echo exit 43 > main.sh; exit 42'),
    'accepted',
  ],
  ['fills its disk', bash('cat /dev/zero > fill 2> /dev/null; exit 42'), 'accepted'],
  ['makes files without end', bash('for i in {1..20000}; do : > f$i; done 2> /dev/null; exit 42'), 'accepted'],
  [
    'tries the network',
    python(`import socket, sys
for place in (('127.0.0.1', 6379), ('10.0.0.1', 80), ('169.254.169.254', 80), ('192.0.2.1', 443)):
    try:
        socket.create_connection(place, 2)
        sys.exit(43)
    except OSError: pass
sys.exit(42)`),
    'accepted',
  ],
  ['fails without a network', python("import socket\nsocket.create_connection(('192.0.2.1', 80), 2)"), /OSError/],
  ['closes its streams', bash('exec 0<&- 1>&- 2>&-; exit 42'), 'accepted'],
  ['tries to mount', bash('mount -t tmpfs none /tmp 2> /dev/null; exit 42'), 'accepted'],
  ['asks for another pass, unasked', bash('echo 1 > "$3/nextpass.in"; exit 42'), 'accepted'],
]
const UNCOMPILED: Row[] = [
  ['cannot be compiled', { language: 'c', code: '#include "missing.h"' }, /does not compile/],
  [
    'keeps its compiler busy',
    { language: 'c', code: '#include "/dev/zero"', limits: { compileWallMs: 3000 } },
    /does not compile|compil|memory/,
  ],
]

const TESTS = [
  { stdin: '1', answer: '1' },
  { stdin: '1', answer: '1' },
]

async function judge(code: string, more: Record<string, unknown>): Promise<Job> {
  return runJob(platform.url, { language: 'bash', code, tests: TESTS, ...more })
}

/** The job ended, and nobody is blamed for what the judge did. */
function expectOf({ status, message, judging, stages }: Job, expected: Row[2]): void {
  if (expected === 'accepted') {
    expect({ message, judging }).toMatchObject({ judging: { verdict: 'accepted', score: 2, skipped: [] } })
    return
  }
  expect({ status, judging }).toMatchObject({
    status: 'judge-error',
    judging: { verdict: 'judge-error', score: 0, points: 2, skipped: [1] },
  })
  expect(stages.map((stage) => stage.judging?.verdict)).toEqual(['judge-error'])
  expect(message).toMatch(expected)
  expect(stages[0]?.judging?.judgeMessage?.length).toBeLessThan(5000)
}

describe('a checker that', () => {
  const ROWS: Row[] = [
    ...BOTH,
    ...UNCOMPILED,
    ['does not read what was written', bash('exec 0<&-; exit 42'), 'accepted'],
    ['writes long messages', bash('head -c 500000 /dev/zero | tr "\\0" a > "$3/teammessage.txt"; exit 42'), 'accepted'],
  ]
  test.each(ROWS)('%s', async (_, program, expected) => {
    expectOf(await judge('head -c 100000 /dev/zero', { checker: { type: 'program', ...program } }), expected)
  })

  test('quotes too much of a program that it refuses still refuses it', async () => {
    const checker = { type: 'program', ...bash('tee "$3/teammessage.txt" > "$3/judgemessage.txt"; exit 43') }
    const job = await judge('head -c 900000 /dev/zero', { checker })
    expect(job).toMatchObject({ status: 'wrong-answer', judging: { verdict: 'wrong-answer', score: 0 } })
  })

  test('leaves what nobody can read beside what it leaves for the next pass is heard', async () => {
    const code = `if [ -e "$3/seen" ]; then exit 42; fi
echo 1 > "$3/seen"; echo 1 > "$3/nextpass.in"
ln -s /etc/passwd "$3/link"; mkfifo "$3/pipe"; : > "$3/forbidden"; chmod 0 "$3/forbidden"
exit 42`
    const job = await judge('cat', { checker: { type: 'program', ...bash(code) }, passes: 2 })
    expect(job).toMatchObject({ status: 'succeeded', judging: { verdict: 'accepted', score: 2 } })
  })

  test('makes what the next pass reads a pipe fails', async () => {
    const checker = { type: 'program', ...bash('mkfifo "$3/nextpass.in"; exit 42') }
    expectOf(await judge('cat', { checker, passes: 2 }), /neither a file/)
  })

  test('writes long messages is heard in part, with whatever they are made of', async () => {
    const code = `printf '\\377\\033[31m<b>%s' "$(head -c 100000 /dev/zero | tr '\\0' a)" > "$3/teammessage.txt"; exit 43`
    const job = await judge('echo 1', { checker: { type: 'program', ...bash(code) } })
    const { feedback = '' } = job.stages[0]?.judging ?? {}
    expect(feedback.startsWith('\ufffd\u001b[31m<b>aaa')).toBe(true)
    expect(feedback).toMatch(/a{4000,4090} \.\.\.$/)
  })
})

describe('an interactor that', () => {
  /** Ends well whatever it is told, or not: it does nothing that anybody could blame it for. */
  const PROGRAM = 'echo 1; cat > /dev/null; exit 0'
  // As checkers all of them ran above.
  test.each(partOf(BOTH, 3))('%s', async (_, program, expected) => {
    // It may take so much longer than the program.
    const wallMs = String(expected) === String(/took longer/) ? 1000 : 20_000
    expectOf(await judge(PROGRAM, { interactor: program, limits: { wallMs } }), expected)
  })

  test.each(UNCOMPILED)('%s lets no test run', async (_, interactor, expected) => {
    const { status, message, judging, stages } = await judge(PROGRAM, { interactor })
    expect({ status, judging, stages }).toMatchObject({
      status: 'judge-error',
      judging: { verdict: 'judge-error', score: 0, skipped: [0, 1] },
      stages: [],
    })
    expect(message).toMatch(expected)
  })

  const LIMITS = { limits: { wallMs: 1000 } }
  const SPINS = { cpuMs: 1000, outputBytes: 65_536 }
  test.each<Row>([
    ['computes for ever, and never answers', bash('while :; do :; done', { cpuMs: 3000, wallMs: 60_000 }), /3000 ms/],
    ['sleeps for ever, and never answers', bash('sleep 1000', { wallMs: 400 }), /1600 ms|interactor/],
    ['shuts its mouth and sleeps', bash('exec 1>&-; sleep 1000', { wallMs: 400 }), /interactor/],
  ])('%s is not taken for a program that takes too long', async (_, program, expected) => {
    expectOf(await judge('echo 1; read -r answer; exit 0', { interactor: program, ...LIMITS }), expected)
  })

  test.each([
    ['answers and does not see the end of its input', bash('read -r x; echo 2; while :; do read -r x; done', SPINS)],
    ['begins and does not see the end of its input', bash('echo 1; while :; do read -r x; done', SPINS)],
    ['waits and then floods', bash('while :; do read -r x; echo 1; done', SPINS)],
  ])('%s is not to blame for a program that sleeps', async (does, interactor) => {
    const asks = does.startsWith('answers') ? 'echo 1; read -r answer' : ':'
    const job = await judge(`${asks}; sleep 1000`, { interactor, ...LIMITS })
    expect(job).toMatchObject({ status: 'wall-time-limit', judging: { verdict: 'time-limit', score: 0 } })
  })

  test.each([
    ['reads on', bash('while read -r x; do :; done; exit 43')],
    ['reads on and fails at the end', python('while True: input()')],
  ])('%s while the program waits sees it take too long', async (_, interactor) => {
    const job = await judge('echo 1; read -r answer; exit 0', { interactor, ...LIMITS })
    expect(job).toMatchObject({ status: 'wall-time-limit', judging: { verdict: 'time-limit', score: 0 } })
  })

  test('leaves too large an output and refuses has refused', async () => {
    const interactor = testlib('head -c 9000000 /dev/zero > "$2"; exit 1')
    const job = await judge(PROGRAM, { interactor, checker: { type: 'program', ...testlib('exit 0') } })
    expect(job).toMatchObject({ status: 'wrong-answer', judging: { verdict: 'wrong-answer', score: 0 } })
  })

  test('leaves too large an output to its checker', async () => {
    const interactor = testlib('head -c 9000000 /dev/zero > "$2"; exit 0')
    const checker = { type: 'program', ...testlib('exit 1') }
    expectOf(await judge(PROGRAM, { interactor, checker }), /too large/)
  })
})

test('an honest judge finds everything as it was, in the sandboxes that hostile ones had', async () => {
  const checker = { type: 'program', ...bash('cmp -s "$2" - && exit 42; ls -A . .judge .judge/feedback >&2; exit 43') }
  const tests = [
    { stdin: '', answer: '7\n' },
    { stdin: '', answer: '8\n' },
  ]
  const jobs = await Promise.all(Array.from({ length: 4 }, () => judge('echo 7', { checker, tests })))
  for (const { stages } of jobs) {
    expect(stages.map(({ judging }) => judging?.verdict)).toEqual(['accepted', 'wrong-answer'])
  }
})
