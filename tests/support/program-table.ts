import { createHash } from 'node:crypto'
import type { Job, Stage, Status } from '../../src/shared/job.ts'
import { type LimitOverrides, MIB } from '../../src/shared/limits.ts'

/** What a row's program must come to. What is not said is the ordinary: nothing written, nothing cut, exit code 0. */
export interface Expected {
  status: Status
  stdout?: string | RegExp
  stderr?: string | RegExp
  /** What is said beside the status; the usual sentence of that status when absent. */
  message?: string
  /** 0 when it succeeded; else null unless said. */
  exitCode?: number
  signal?: string
  truncated?: boolean
  encoding?: 'utf-8' | 'base64'
  /** Names of the stages; `run` alone unless said. The outcome above is the first one's. */
  stages?: string[]
  /** Whatever else must hold. */
  check?(job: Job, stage: Stage): void
}

export type Group = 'ordinary' | 'failing' | 'limited' | 'hostile'

export interface ProgramRow {
  /** A sentence of behaviour. */
  title: string
  /** File under `tests/programs/`; its extension tells the language. */
  program: string
  /** Path of the program within the job; the language's own when absent. */
  path?: string
  files?: { path: string; content: string; encoding?: 'utf-8' | 'base64' }[]
  stdin?: string
  args?: string[]
  /** Ports of the host that answer there are put behind the arguments. */
  hostPorts?: boolean
  env?: Record<string, string>
  limits?: LimitOverrides
  tests?: { stdin?: string; args?: string[]; expectedOutput?: string }[]
  expectedOutput?: string
  artifacts?: string[]
  expect: Expected
}

/** What the platform is started with for this table. Small limits make a row of it short. */
export const TABLE_ENV = {
  // What is hostile here has to reach the sandbox.
  SCREENING: 'off',
  KILL_GRACE_MS: '300',
  DEFAULT_WALL_MS: '8000',
  DEFAULT_MEMORY_BYTES: String(128 * MIB),
  DEFAULT_FILE_BYTES: String(32 * MIB),
  WORKER_CONCURRENCY: '2',
} as const

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
const atLeast = (ms: number) => (_job: Job, stage: Stage) => {
  if (stage.wallMs < ms) throw new Error(`ended after ${stage.wallMs} ms, before ${ms} ms`)
}
const between = (low: number, high: number) => (_job: Job, stage: Stage) => {
  if (stage.wallMs < low || stage.wallMs > high) throw new Error(`took ${stage.wallMs} ms, not ${low} to ${high} ms`)
}
const wroteExactly = (bytes: number) => (_job: Job, stage: Stage) => {
  const written = stage.stdoutBytes + stage.stderrBytes
  const kept = Buffer.byteLength(stage.stdout) + Buffer.byteLength(stage.stderr)
  const joined = Buffer.byteLength(stage.output)
  if (written !== bytes || kept !== bytes || joined !== bytes) {
    throw new Error(`reports ${written} bytes, keeps ${kept} and joins ${joined}, not ${bytes}`)
  }
}
const saysNothingOf = (secret: RegExp) => (job: Job) => {
  if (secret.test(JSON.stringify(job))) throw new Error(`tells its owner of ${String(secret)}`)
}
const leaves =
  (count: number, ...paths: string[]) =>
  ({ artifacts = [] }: Job) => {
    const found = artifacts.map(({ path }) => path)
    const wrong = found.length !== count || paths.some((path) => !found.includes(path))
    if (wrong) throw new Error(`leaves ${found.length} files, ${found.slice(0, 9).join(', ')}`)
  }
const cpuAround = (low: number, high: number) => (_job: Job, stage: Stage) => {
  if (stage.cpuMs < low || stage.cpuMs > high) throw new Error(`used ${stage.cpuMs} ms, not ${low} to ${high} ms`)
}

/** What `frames.py` writes: each frame of ours as such, and once more as the engine would wrap it. */
function forgedFrames(): Buffer {
  const report = Buffer.from(
    '{"reason":"exit","exitCode":0,"signal":null,"wallUs":1,"cpuUs":1,"memoryPeakBytes":1,"oomKills":0,' +
      '"stdoutBytes":0,"stderrBytes":0,"truncated":false,"error":null}',
  )
  const length = (value: number) => Buffer.from([0, 0, 0, value])
  const frames = Array.from('DOXRZFA').flatMap((type) => {
    const frame = Buffer.concat([Buffer.from(type), length(report.length), report])
    return [frame, Buffer.from([1, 0, 0, 0]), length(frame.length), frame]
  })
  return Buffer.concat([...frames, Buffer.from('id: 1\nevent: result\ndata: {}\n\n')])
}

const said = (stdout: string | RegExp): Expected => ({ status: 'succeeded', stdout })
const failed = (stderr: string | RegExp): Expected => ({ status: 'failed', exitCode: 1, stderr })
const wall = (rest: Partial<Expected> = {}): Expected => ({ status: 'wall-time-limit', signal: 'SIGTERM', ...rest })
const memory = (rest: Partial<Expected> = {}): Expected => ({ status: 'memory-limit', signal: 'SIGKILL', ...rest })
const output = (bytes: number, rest: Partial<Expected> = {}): Expected => ({
  status: 'output-limit',
  signal: 'SIGKILL',
  truncated: true,
  check: wroteExactly(bytes),
  ...rest,
})

const ordinary: ProgramRow[] = [
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
        PYTHONUNBUFFERED: '1',
        TMPDIR: '/tmp',
        USER: 'runner',
      })
        .replaceAll('","', '", "')
        .replaceAll('":"', '": "')}\n`,
    ),
  },
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
    title: 'each test is a run of its own over the same files',
    program: 'count-runs.py',
    tests: [{ stdin: 'a' }, { stdin: 'b', expectedOutput: 'run 2 b' }],
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

const failing: ProgramRow[] = [
  {
    title: 'an exception nobody catches is a failure, and its trace names the file',
    program: 'uncaught-exception.py',
    expect: failed(/^Traceback[^]*"\/job\/\.\/main\.py", line 1[^]*ValueError: no such luck\n$/),
  },
  {
    title: 'an error nobody catches in JavaScript is a failure',
    program: 'uncaught-exception.js',
    expect: failed(/^\/job\/main\.js:1\n[^]*TypeError: no such luck/),
  },
  {
    title: 'a program that cannot be parsed is a failure',
    program: 'syntax-error.py',
    expect: failed(/main\.py", line 1\n[^]*SyntaxError/),
  },
  {
    title: 'a command that does not exist gives 127',
    program: 'unknown-command.sh',
    expect: { status: 'failed', exitCode: 127, stderr: './main.sh: line 1: no-such-command: command not found\n' },
  },
  { title: 'abort is a signal', program: 'abort.py', expect: { status: 'signalled', signal: 'SIGABRT' } },
  {
    title: 'reading address 0 is a signal',
    program: 'null-pointer.py',
    expect: { status: 'signalled', signal: 'SIGSEGV' },
  },
  {
    title: 'a program that kills itself has not run out of memory',
    program: 'kill-self.py',
    args: ['9'],
    expect: { status: 'signalled', signal: 'SIGKILL' },
  },
  {
    title: 'a program that ends itself politely has not met a limit',
    program: 'kill-self.py',
    args: ['15'],
    expect: { status: 'signalled', signal: 'SIGTERM' },
  },
  {
    title: 'a real-time signal is told by its number',
    program: 'kill-self.py',
    args: ['60'],
    expect: { status: 'signalled', signal: 'SIG60' },
  },
  {
    title: 'recursion without end is a failure of the program',
    program: 'deep-recursion.js',
    expect: failed(/RangeError: Maximum call stack size exceeded/),
  },
]

const limited: ProgramRow[] = [
  ...['py', 'sh', 'js'].map((extension): ProgramRow => ({
    title: `sleeping forever ends at the wall limit, and what was said is kept (${extension})`,
    program: `sleep-forever.${extension}`,
    limits: { wallMs: 700 },
    expect: wall({ stdout: 'asleep\n', check: between(700, 1700) }),
  })),
  {
    title: 'spinning ends at the limit of CPU time',
    program: 'spin.py',
    limits: { cpuMs: 300 },
    expect: { status: 'cpu-time-limit', signal: 'SIGTERM', check: cpuAround(300, 1000) },
  },
  {
    title: 'spinning in JavaScript ends at the limit of CPU time',
    program: 'spin.js',
    limits: { cpuMs: 300 },
    expect: { status: 'cpu-time-limit', signal: 'SIGTERM', check: cpuAround(300, 1000) },
  },
  {
    title: 'spinning in many processes adds up',
    program: 'spin-in-many-processes.py',
    limits: { cpuMs: 400 },
    expect: { status: 'cpu-time-limit', signal: 'SIGTERM', check: cpuAround(400, 1200) },
  },
  {
    title: 'spinning in children that end adds up',
    program: 'spin-in-short-children.sh',
    limits: { cpuMs: 300 },
    expect: { status: 'cpu-time-limit', signal: 'SIGTERM', check: cpuAround(300, 1000) },
  },
  {
    title: 'spinning that is within its CPU time ends at the wall limit',
    program: 'spin.py',
    limits: { wallMs: 500 },
    expect: wall(),
  },
  {
    title: 'a program asked to leave may say a last word, and has met its limit all the same',
    program: 'exit-zero-on-sigterm.py',
    limits: { wallMs: 500 },
    expect: { status: 'wall-time-limit', exitCode: 0, stdout: 'asked to leave\n', check: between(500, 1500) },
  },
  {
    title: 'a program that does not listen is killed after the grace',
    program: 'ignore-sigterm.py',
    limits: { wallMs: 500 },
    expect: wall({ signal: 'SIGKILL', check: between(800, 2000) }),
  },
  {
    title: 'a program that ignores every signal is killed after the grace',
    program: 'ignore-every-signal.py',
    limits: { wallMs: 500 },
    expect: wall({ signal: 'SIGKILL', check: between(800, 2000) }),
  },
  { title: 'memory beyond the limit', program: 'memory-heap.py', expect: memory() },
  { title: 'memory beyond the limit in JavaScript', program: 'memory-heap.js', expect: memory() },
  {
    title: 'a job may have less memory than others',
    program: 'memory-heap.py',
    limits: { memoryBytes: 32 * MIB },
    expect: memory(),
  },
  {
    title: 'files count as memory',
    program: 'memory-in-files.py',
    limits: { fileBytes: 64 * MIB },
    expect: memory(),
  },
  {
    title: 'files count as memory of a program that made itself unlikely to be killed',
    program: 'memory-with-lowered-oom-score.py',
    limits: { fileBytes: 64 * MIB },
    expect: memory(),
  },
  { title: 'shared memory segments count', program: 'memory-in-shared-segments.py', expect: memory() },
  { title: 'files in memory without a name count', program: 'memory-in-memfd.py', expect: memory() },
  {
    title: 'a child killed for memory is told when the program fails by it',
    program: 'memory-in-child.py',
    args: ['1'],
    expect: { status: 'memory-limit', exitCode: 1, stdout: 'child killed by 9\n' },
  },
  {
    title: 'a program that copes with the death of a child has succeeded',
    program: 'memory-in-child.py',
    args: ['0'],
    expect: said('child killed by 9\n'),
  },
  {
    title: 'output without end',
    program: 'output-forever.sh',
    limits: { outputBytes: 10_001 },
    // The main program is the shell; `yes` dies with it.
    expect: output(10_001, { stdout: /^(y\n){5000}y$/ }),
  },
  {
    title: 'errors without end',
    program: 'errors-forever.sh',
    limits: { outputBytes: 10_000 },
    expect: output(10_000, { stderr: /^(y\n){5000}$/ }),
  },
  {
    title: 'output and errors without end share one limit',
    program: 'both-forever.py',
    limits: { outputBytes: 100_000 },
    expect: output(100_000, { stdout: /^o+$/, stderr: /^e+$/ }),
  },
  {
    title: 'one line of 100 MB is cut at the limit',
    program: 'one-line-of-100-mb.py',
    limits: { memoryBytes: 512 * MIB },
    expect: output(MIB, { stdout: /^x+$/ }),
  },
  {
    title: 'output that ignores every signal and error',
    program: 'output-after-the-limit.py',
    limits: { outputBytes: 1000 },
    expect: output(1000, { stdout: /^(more){250}$/ }),
  },
  { title: 'a byte at a time', program: 'byte-at-a-time.py', expect: said('0123456789'.repeat(500)) },
  {
    title: 'output of exactly the limit is whole',
    program: 'write-bytes.py',
    args: ['1', '200000'],
    limits: { outputBytes: 200_000 },
    expect: { ...said('x'.repeat(200_000)), check: wroteExactly(200_000) },
  },
  {
    title: 'errors of exactly the limit are whole',
    program: 'write-bytes.py',
    args: ['2', '200000'],
    limits: { outputBytes: 200_000 },
    expect: { status: 'succeeded', stderr: 'x'.repeat(200_000), check: wroteExactly(200_000) },
  },
  {
    title: 'output of one byte more is too much, however it ends',
    program: 'write-bytes.py',
    args: ['1', '200001'],
    limits: { outputBytes: 200_000 },
    expect: {
      status: 'output-limit',
      stdout: 'x'.repeat(200_000),
      truncated: true,
      // Whether the program ends before the limit is noticed is chance, the outcome is not.
      check: (job, stage) => {
        wroteExactly(200_000)(job, stage)
        if (stage.exitCode !== 0 && stage.signal !== 'SIGKILL') throw new Error('neither ended nor was killed')
      },
    },
  },
]

const hostile: ProgramRow[] = [
  {
    title: 'a fork bomb is held and ends at the wall limit',
    program: 'fork-bomb.py',
    limits: { wallMs: 1000, cpuMs: 20_000 },
    expect: wall(),
  },
  {
    title: 'a fork bomb in Bash is held',
    program: 'fork-bomb.sh',
    limits: { wallMs: 1000, cpuMs: 20_000 },
    // Bash itself tries again and again, and says so.
    expect: wall({ stderr: /^(\.\/main\.sh: (fork: retry: Resource temporarily unavailable|line .*)\n)*$/ }),
  },
  {
    title: 'processes are refused at the limit',
    program: 'fork-until-refused.py',
    limits: { processes: 20 },
    expect: said('20 processes, then EAGAIN\n'),
  },
  {
    title: 'threads are refused at the limit',
    program: 'thread-bomb.py',
    limits: { processes: 40 },
    expect: said("40 threads, then can't start new thread\n"),
  },
  {
    title: 'filling the disk, all places together, meets one limit',
    program: 'disk-fill.py',
    limits: { fileBytes: 16 * MIB },
    expect: said('15 MiB, then ENOSPC\none more: ENOSPC\n'),
  },
  {
    title: 'filling the disk with nothing but names meets a limit',
    program: 'inode-fill.py',
    limits: { fileBytes: 4 * MIB },
    expect: said('below 1024 ENOSPC\n'),
  },
  {
    title: 'reserving space meets the same limits',
    program: 'allocate-too-much.py',
    limits: { fileBytes: 16 * MIB },
    expect: said('EFBIG allowed ENOSPC\n'),
  },
  {
    title: 'a file past the limit ends a program that does not catch the signal',
    program: 'file-beyond-limit.py',
    expect: { status: 'signalled', signal: 'SIGXFSZ' },
  },
  {
    title: 'open files are refused at the limit',
    program: 'open-too-many-files.py',
    limits: { openFiles: 50 },
    expect: said('50 open, then EMFILE\n'),
  },
  {
    title: 'limits cannot be raised from inside',
    program: 'raise-limits.py',
    expect: said('NPROC refused\nNOFILE refused\nFSIZE refused\nSTACK refused\nCPU refused\n'),
  },
  {
    title: 'a daemon ends with its job',
    program: 'leave-daemon.py',
    expect: { ...said('left\n'), check: between(0, 2000) },
  },
  {
    title: 'standard output held by a child does not keep a job from ending',
    program: 'hold-stdout.py',
    expect: { ...said('main ends\n'), check: between(0, 2000) },
  },
  {
    title: 'standard output held in a socket does not keep a job from ending',
    program: 'hold-stdout-in-socket.py',
    expect: { ...said('sent\n'), check: between(0, 2000) },
  },
  {
    title: 'processes that keep replacing themselves end with their job',
    program: 'keep-respawning.py',
    expect: { ...said('left\n'), check: between(0, 2000) },
  },
  {
    title: 'a program that stops itself ends at the wall limit',
    program: 'stop-own-group.py',
    limits: { wallMs: 500 },
    expect: wall({ stdout: 'stopping\n', check: between(500, 1500) }),
  },
  { title: 'stopped children end with their job', program: 'stop-children.py', expect: said('left stopped\n') },
  {
    title: 'killing everybody kills nobody but the own children',
    program: 'kill-everybody.py',
    expect: said('child killed by 9\nnobody else: No such process\n'),
  },
  { title: 'process 1 cannot be signalled', program: 'signal-process-one.py', expect: said('EPERM\n') },
  {
    title: 'process 1 cannot be signalled while it ends the program either',
    program: 'signal-process-one-for-a-second.py',
    limits: { wallMs: 700, cpuMs: 20_000 },
    expect: wall({ signal: 'SIGKILL', check: atLeast(1000) }),
  },
  {
    title: 'a program cannot make itself unlikely to be killed for memory',
    program: 'lower-oom-score.py',
    expect: said('1000\n'),
  },
  { title: 'process 1 cannot be traced', program: 'trace-process-one.py', expect: said('-1 EPERM\n-1 EPERM\n') },
  {
    title: 'process 1 shows nothing of itself',
    program: 'look-at-process-one.py',
    expect: {
      status: 'succeeded',
      stdout: /^(\/proc\/1\/\S+ (EACCES|EPERM|ENOENT|EROFS)\n)+$/,
    },
  },
  {
    title: 'nothing answers on any network',
    program: 'connect-anywhere.py',
    hostPorts: true,
    expect: said(
      /^(host port ECONNREFUSED\n){8}(host port, IPv6 (ECONNREFUSED|EADDRNOTAVAIL)\n){3}metadata ENETUNREACH\ngateway ENETUNREACH\ninternet ENETUNREACH\ninternet, IPv6 ENETUNREACH\nudp ENETUNREACH\nbroadcast (ENETUNREACH|EACCES)\ndns no such name\n$/,
    ),
  },
  {
    title: 'sockets of other kinds cannot be made',
    program: 'open-strange-sockets.py',
    expect: said(/^([a-z0-9 ]+ (EAFNOSUPPORT|EPROTONOSUPPORT|EACCES)\n){15}$/),
  },
  {
    title: 'traces are left wherever a job can leave them',
    program: 'leave-traces.py',
    expect: said(
      [
        ...['/job', '/tmp', '/var/tmp', '/dev/shm', '/run'].map((place) => `${place}/trace left`),
        '/dev/mqueue/trace refused',
        'hidden file left',
        'fifo left',
        'shared memory left',
        'semaphores left',
        'messages left',
        'posix queue left',
        'posix semaphore left',
        'host name refused',
        'abstract socket left',
        'port left',
        'process left',
        '',
      ].join('\n'),
    ),
  },
  {
    title: 'the job that follows finds none of them',
    program: 'look-for-traces.py',
    expect: said(
      [
        '/tmp []',
        '/var/tmp []',
        '/dev/shm []',
        '/run []',
        '/dev/mqueue []',
        "/job ['main.py']",
        'shared memory -1',
        'semaphores -1',
        'messages -1',
        'posix queue -1',
        'host name sandbox',
        'processes True',
        '',
      ].join('\n'),
    ),
  },
  {
    title: 'the kernel refuses what reaches beyond a program',
    program: 'ask-the-kernel.py',
    expect: said(
      `38 of 38 refused\n${['mount', 'uts', 'ipc', 'user', 'pid', 'net', 'cgroup'].map((name) => `clone ${name} EPERM\n`).join('')}clone3 -1 ENOSYS\n`,
    ),
  },
  {
    title: 'a program that tries the walls without end, in many processes, ends by its limit',
    program: 'try-the-walls.py',
    limits: { wallMs: 1000 },
    expect: wall({ stdout: 'EPERM\n'.repeat(20), check: saysNothingOf(/refusedCalls|mount/) }),
  },
  {
    title: 'devices cannot be made, and only the harmless ones are there',
    program: 'make-device.py',
    expect: said(
      "memory EPERM\ndisk EPERM\n['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', " +
        "'stdout', 'tty', 'urandom', 'zero']\n",
    ),
  },
  {
    title: 'nothing can be written outside of the own folders',
    program: 'write-where-forbidden.py',
    expect: said('written: []\n'),
  },
  {
    title: 'nothing tells of the host',
    program: 'read-what-is-secret.py',
    expect: said(
      '/proc/kcore ENOENT or empty\n/proc/kmsg ENOENT or empty\n/dev/mem ENOENT or empty\n' +
        '/dev/kmsg ENOENT or empty\n/proc/sysrq-trigger ENOENT or empty\n',
    ),
  },
  { title: 'there is no setuid file', program: 'find-setuid.py', expect: said('setuid files: []\n') },
  {
    title: 'nobody becomes root',
    program: 'become-root.py',
    expect: said(
      /^setuid EPERM\nsetresuid EPERM\nsetgid EPERM\nsetgroups EPERM\nchown EPERM\nnice (EPERM|EACCES)\n1000\nUid: 1000 1000 1000 1000\nGid: 1000 1000 1000 1000\nGroups:\nCapInh: 0{16}\nCapPrm: 0{16}\nCapEff: 0{16}\nCapBnd: [0-9a-f]{16}\nCapAmb: 0{16}\nNoNewPrivs: 1\nSeccomp: 2\n$/,
    ),
  },
  { title: 'NUL bytes come back as they are', program: 'nul-bytes.py', expect: said('a\0b\0') },
  {
    title: 'bytes that are not UTF-8 come back as base64, both streams alike',
    program: 'invalid-utf8.py',
    expect: {
      status: 'succeeded',
      encoding: 'base64',
      stdout: Buffer.from('6f6b20fffe20c328', 'hex').toString('base64'),
      stderr: Buffer.from('fine').toString('base64'),
    },
  },
  {
    title: 'characters written a byte at a time are whole',
    program: 'half-character.py',
    expect: said('€ and 🙂'),
  },
  {
    title: 'a character cut at the end is base64, not mended',
    program: 'half-character-at-the-end.py',
    expect: { status: 'succeeded', encoding: 'base64', stdout: Buffer.from('f09f99', 'hex').toString('base64') },
  },
  {
    title: 'a character cut by the limit is dropped',
    program: 'half-character.py',
    limits: { outputBytes: 2 },
    expect: { status: 'output-limit', signal: 'SIGKILL', truncated: true, stdout: '' },
  },
  {
    title: 'markup and control characters come back as they are',
    program: 'markup.py',
    expect: said(
      '\x1b[31mred\x1b[0m \x1b]0;title\x07 <script>alert(1)</script> <img src=x onerror=alert(1)> &amp; \r\x08\n',
    ),
  },
  {
    title: 'output that looks like our own protocol is only output',
    program: 'frames.py',
    expect: { status: 'failed', exitCode: 7, encoding: 'base64', stdout: forgedFrames().toString('base64') },
  },
  {
    title: 'no descriptor of ours is open',
    program: 'write-to-other-descriptors.py',
    expect: said("['0', '1', '2']\n"),
  },
  {
    title: 'a program that closes its streams is waited for',
    program: 'close-streams.py',
    expect: { status: 'failed', exitCode: 4, check: atLeast(200) },
  },
  {
    title: 'streams can be opened by name',
    program: 'reopen-streams.sh',
    stdin: 'input by name\n',
    expect: {
      status: 'succeeded',
      stdout: 'by name\nby link\ninput by name\n',
      stderr: 'error by name\n',
    },
  },
  {
    title: 'a program that puts a link in the place of its source harms only itself',
    program: 'replace-program.py',
    tests: [{}, {}],
    expect: {
      status: 'failed',
      exitCode: 0,
      stdout: 'replaced\n',
      stages: ['test 1', 'test 2'],
      check: ({ stages }) => {
        const second = stages[1]
        if (second?.exitCode !== 1 || !second.stderr.includes('SyntaxError')) throw new Error('the second test ran')
      },
    },
  },
  {
    title: 'a program that locks its own folder is told so by the next test',
    program: 'lock-folder.py',
    tests: [{}, {}],
    expect: {
      status: 'failed',
      exitCode: 0,
      stdout: 'locked\n',
      stages: ['test 1', 'test 2'],
      message: 'stage test 2 could not be started: chdir: Permission denied',
    },
  },
  {
    title: 'of what is planted where artifacts are looked for only the own files come out',
    program: 'plant-links.py',
    artifacts: ['out/*', 'out/etc/passwd', 'out/root/**', 'out/up/**', '**/shadow', 'out/*/*'],
    expect: {
      status: 'succeeded',
      stdout: 'planted\n',
      message:
        'artifacts are missing: 1 that the program itself could not read; 2 whose name is not UTF-8 or holds control ' +
        'characters; 9 that are links or other special files',
      check: leaves(2, 'out/own', 'out/own too'),
    },
  },
  {
    title: 'more files than may be kept are kept in part',
    program: 'leave-many-files.py',
    limits: { fileBytes: 4 * MIB },
    artifacts: ['**/*.txt'],
    expect: {
      ...said('full\n'),
      message: 'artifacts are missing: all beyond the first 64 found',
      check: leaves(64),
    },
  },
  {
    title: 'of files in folders without end those come out that a path can name',
    program: 'leave-deep-files.py',
    limits: { fileBytes: 4 * MIB },
    artifacts: ['**/*.txt'],
    expect: {
      ...said('full\n'),
      message: 'artifacts are missing: 1 whose path is too long or too deep',
      check: leaves(32, 'a.txt', `${'d/'.repeat(31)}a.txt`),
    },
  },
  { title: 'folders deeper than a path can name go too', program: 'deep-folders.sh', expect: said('deep\n') },
  {
    title: 'a library to load first is loaded by the program alone',
    program: 'hello.sh',
    env: { LD_PRELOAD: '/job/evil.so', LD_LIBRARY_PATH: '/job', BASH_ENV: '/job/evil.sh' },
    files: [
      { path: 'evil.so', content: 'not a library' },
      { path: 'evil.sh', content: 'echo from BASH_ENV\n' },
    ],
    expect: {
      status: 'succeeded',
      stdout: 'from BASH_ENV\nHello, world!\n',
      stderr: /^(ERROR: ld\.so: object '\/job\/evil\.so' from LD_PRELOAD cannot be preloaded.*\n)+$/,
    },
  },
  {
    title: 'options of Python in the environment reach the program alone',
    program: 'hello.py',
    env: { PYTHONSTARTUP: '/job/evil.py', PYTHONPATH: '/job', PYTHONINSPECT: '' },
    files: [{ path: 'evil.py', content: "print('startup')\n" }],
    expect: said('Hello, world!\n'),
  },
  {
    title: 'options of Node.js in the environment reach the program alone',
    program: 'hello.js',
    env: { NODE_OPTIONS: '--require /job/evil.js' },
    files: [{ path: 'evil.js', content: "console.log('as', process.getuid())\n" }],
    expect: said('as 1000\nHello, world!\n'),
  },
  {
    title: 'a sitecustomize beside the program is not Python’s own',
    program: 'hello.py',
    files: [
      { path: 'sitecustomize.py', content: "print('customized')\n" },
      { path: 'usercustomize.py', content: "print('customized')\n" },
    ],
    expect: said('Hello, world!\n'),
  },
  {
    title: 'a file that shadows the standard library does so for its own job',
    program: 'print-arguments.py',
    files: [{ path: 'json.py', content: "dumps = lambda *_, **__: 'shadowed'\n" }],
    expect: said('shadowed\n'),
  },
  ...[
    '--help.py',
    '-c.py',
    '$(touch pwned).py',
    'it\'s a "file".py',
    '`id`.py',
    'ünï cödé.py',
    '-.py',
    'a;b&c|d.py',
  ].map((path): ProgramRow => ({
    title: `a program may be called ${path}`,
    program: 'print-arguments.py',
    path,
    args: ['x'],
    expect: said('["x"]\n'),
  })),
  {
    title: 'a Node.js program may be called --eval.js',
    program: 'hello.js',
    path: '--eval.js',
    expect: said('Hello, world!\n'),
  },
  {
    title: 'a Bash program may be called -c',
    program: 'hello.sh',
    path: '-c',
    expect: said('Hello, world!\n'),
  },
]

export const PROGRAM_TABLE: Readonly<Record<Group, readonly ProgramRow[]>> = { ordinary, failing, limited, hostile }
