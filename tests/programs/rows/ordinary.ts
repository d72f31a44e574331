import { createHash } from 'node:crypto'
import { MIB } from '../../../src/shared/limits.ts'
import { said } from './expectations.ts'
import type { ProgramRow } from './row.ts'

const BIG_INPUT = 'All work and no play. '.repeat(50_000).slice(0, MIB)
const HALF_INPUT = BIG_INPUT.slice(0, MIB / 2)
const ANY_BYTES = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 7919) % 256)
const STRANGE_ARGUMENTS = [
  'a\nb',
  '\'"',
  '$(touch pwned)',
  '`touch pwned`',
  '--help',
  '-c',
  '; exit 9',
  '',
  ' ',
  '*',
  '\\',
  '日本',
]

export const ordinary: readonly ProgramRow[] = [
  { title: 'hello in Python', program: 'hello.py', expect: said('Hello, world!\n') },
  { title: 'hello in JavaScript', program: 'hello.js', expect: said('Hello, world!\n') },
  { title: 'hello in Bash', program: 'hello.sh', expect: said('Hello, world!\n') },
  { title: 'a Python program reads its input', program: 'echo-stdin.py', stdin: 'a\nb\n', expect: said('a\nb\n') },
  { title: 'a JavaScript program reads its input', program: 'echo-stdin.js', stdin: 'a\nb', expect: said('a\nb') },
  { title: 'a Bash program reads its input', program: 'echo-stdin.sh', stdin: 'ä\n', expect: said('ä\n') },
  { title: 'input that is not given is empty', program: 'echo-stdin.sh', expect: said('') },
  {
    title: 'input of a mebibyte arrives whole',
    program: 'digest-stdin.py',
    stdin: BIG_INPUT,
    expect: said(/^1048576 [0-9a-f]{64}\n$/),
  },
  {
    title: 'input of a mebibyte goes through and comes back',
    program: 'echo-stdin.sh',
    stdin: BIG_INPUT,
    limits: { outputBytes: MIB },
    expect: said(BIG_INPUT),
  },
  {
    title: 'input that nobody reads holds nobody up',
    program: 'ignore-stdin.py',
    stdin: BIG_INPUT,
    expect: said('done without reading\n'),
  },
  {
    title: 'input that is read in part holds nobody up',
    program: 'read-some-input.sh',
    stdin: BIG_INPUT,
    expect: said('70000\n'),
  },
  {
    title: 'input that is read in part leaves the rest to no other test',
    program: 'read-some-input.sh',
    tests: [{ stdin: HALF_INPUT }, { stdin: '2' }, { stdin: HALF_INPUT }, { stdin: '' }],
    expect: {
      ...said('70000\n'),
      stages: ['test 1', 'test 2', 'test 3', 'test 4'],
      check: ({ stages }) => {
        const counts = stages.map(({ stdout }) => stdout.trim()).join()
        if (counts !== '70000,1,70000,0') throw new Error(`they read ${counts} bytes`)
      },
    },
  },
  {
    title: 'input that is closed holds nobody up',
    program: 'close-stdin.py',
    stdin: BIG_INPUT,
    expect: said('done with input closed\n'),
  },
  {
    title: 'arguments reach a Python program as they are, whatever a shell would make of them',
    program: 'print-arguments.py',
    args: STRANGE_ARGUMENTS,
    expect: said(`${JSON.stringify(STRANGE_ARGUMENTS).replaceAll(',', ', ')}\n`),
  },
  {
    title: 'arguments reach a JavaScript program as they are',
    program: 'print-arguments.js',
    args: STRANGE_ARGUMENTS,
    expect: said(`${JSON.stringify(STRANGE_ARGUMENTS)}\n`),
  },
  {
    title: 'arguments reach a Bash program as they are',
    program: 'print-arguments.sh',
    args: STRANGE_ARGUMENTS,
    expect: said(STRANGE_ARGUMENTS.map((argument) => `[${argument}]\n`).join('')),
  },
  {
    title: 'the environment is what the job asks for and nothing of ours',
    program: 'print-environment.py',
    env: { GREETING: "it's $HOME\n`id`", EMPTY: '', PATH: '/usr/bin' },
    expect: said(
      `${JSON.stringify({
        EMPTY: '',
        GREETING: "it's $HOME\n`id`",
        HOME: '/job',
        LANG: 'C.UTF-8',
        PATH: '/usr/bin',
        PYTHONDONTWRITEBYTECODE: '1',
        TERM: 'xterm-256color',
        TMPDIR: '/tmp',
        USER: 'runner',
      })
        .replaceAll('","', '", "')
        .replaceAll('":"', '": "')}\n`,
    ),
  },
  {
    title: 'the usual tools, terminal names and locales are there',
    program: 'usual-tools.sh',
    expect: said(
      'bash\n033[H033[2J033[3J\na   1\nbb  22\ntext\nnew\nC C.utf8 POSIX de_DE.utf8 en_GB.utf8 en_US.utf8 es_ES.utf8 fr_FR.utf8 ',
    ),
  },
  { title: 'a locale may be asked for by name', program: 'locale.py', expect: said('1,234,567\n') },
  { title: 'exit code 0 is a success', program: 'exit-with.py', args: ['0'], expect: said('') },
  ...[1, 3, 127, 255].map((exitCode): ProgramRow => ({
    title: `exit code ${exitCode} is a failure`,
    program: 'exit-with.sh',
    args: [String(exitCode)],
    expect: { status: 'failed', exitCode },
  })),
  {
    title: 'exit code -1 is 255',
    program: 'exit-with.py',
    args: ['-1'],
    expect: { status: 'failed', exitCode: 255 },
  },
  {
    title: 'exit code 42 of a JavaScript program is a failure',
    program: 'exit-with.js',
    args: ['42'],
    expect: { status: 'failed', exitCode: 42 },
  },
  {
    title: 'text of many scripts comes back as it is',
    program: 'unicode.py',
    expect: said('naïve Ελληνικά 日本語 🙂\n'),
  },
  {
    title: 'a program of several files imports them',
    program: 'import-siblings.py',
    path: 'start.py',
    files: [
      { path: 'parts/first.py', content: "first = 'one'\n" },
      { path: 'parts/deep/second.py', content: "second = 'two'\n" },
      { path: 'data.json', content: Buffer.from('{"third": "three"}').toString('base64'), encoding: 'base64' },
    ],
    expect: said('one two three\n'),
  },
  {
    title: 'a JavaScript program requires a file beside it',
    program: 'require-sibling.js',
    files: [{ path: 'lib/greeting.js', content: "exports.greeting = 'from beside'\n" }],
    expect: said('from beside\n'),
  },
  {
    title: 'a Bash program sources a file beside it',
    program: 'source-sibling.sh',
    files: [{ path: 'lib/greeting.sh', content: "greeting='from beside'\n" }],
    expect: said('from beside\n'),
  },
  {
    title: 'an argument may be long',
    program: 'print-arguments.py',
    args: ['long '.repeat(20_000)],
    expect: said(`["${'long '.repeat(20_000)}"]\n`),
  },
  {
    title: 'a file may be any bytes',
    program: 'digest-file.py',
    files: [{ path: 'any bytes', content: Buffer.from(ANY_BYTES).toString('base64'), encoding: 'base64' }],
    expect: said(`${createHash('sha256').update(ANY_BYTES).digest('hex')}\n`),
  },
  {
    title: 'a program in a folder runs in the folder of the job',
    program: 'write-files.py',
    path: 'deep/down/start.py',
    expect: said('/job\n/tmp\n/var/tmp\n/dev/shm\n/run\n/job\n/tmp\n'),
  },
  {
    title: 'both streams are told apart, and their order is kept',
    program: 'both-streams.sh',
    expect: {
      status: 'succeeded',
      stdout: 'out 1\nout 2\n',
      stderr: 'err 1\nerr 2\n',
      check: (_job, stage) => {
        // Two pipes: which of two neighbours came first cannot be told, but none is lost.
        const lines = stage.output.trimEnd().split('\n').sort()
        if (lines.join() !== 'err 1,err 2,out 1,out 2') throw new Error(`together they are ${stage.output}`)
      },
    },
  },
  {
    title: 'each test is a run of its own with the submitted files',
    program: 'count-runs.py',
    tests: [{ stdin: 'a' }, { stdin: 'b', expectedOutput: 'run 1 b' }],
    expect: { ...said('run 1 a\n'), stages: ['test 1', 'test 2'] },
  },
  {
    title: 'output other than expected is a wrong answer',
    program: 'hello.py',
    expectedOutput: 'Hello, moon!',
    expect: { status: 'wrong-answer', stdout: 'Hello, world!\n', exitCode: 0 },
  },
  {
    title: 'output that differs in white space at line ends is right',
    program: 'hello.sh',
    expectedOutput: 'Hello, world!  \n\n\n',
    expect: said('Hello, world!\n'),
  },
  {
    title: 'a program speaks with itself over loopback',
    program: 'local-server.py',
    expect: said('hello over loopback\n'),
  },
  {
    title: 'a program runs others and waits for them',
    program: 'many-processes.sh',
    expect: said('1 4 9 16 25 36 49 64 '),
  },
]
