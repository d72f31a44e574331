import { MIB } from '../../../src/shared/limits.ts'
import { atLeast, between, failed, said, SOON_MS, tooMuch, wroteExactly } from './expectations.ts'
import { forgedFrames } from './forged-frames.ts'
import type { HostileRow } from './row.ts'

export const output: readonly HostileRow[] = [
  {
    title: 'output without end',
    threat: 'endless stdout',
    program: 'output-forever.sh',
    limits: { outputBytes: 10_001 },
    // The main program is the shell; `yes` dies with it.
    expect: tooMuch(10_001, { stdout: /^(y\n){5000}y$/ }),
  },
  {
    title: 'errors without end',
    threat: 'endless stderr',
    program: 'errors-forever.sh',
    limits: { outputBytes: 10_000 },
    expect: tooMuch(10_000, { stderr: /^(y\n){5000}$/ }),
  },
  {
    title: 'output and errors without end share one limit',
    threat: 'both at once',
    program: 'both-forever.py',
    limits: { outputBytes: 100_000 },
    expect: tooMuch(100_000, { stdout: /^o+$/, stderr: /^e+$/ }),
  },
  {
    title: 'one line of 100 MB is cut at the limit',
    threat: 'one 100 MB line',
    program: 'one-line-of-100-mb.py',
    limits: { memoryBytes: 512 * MIB },
    expect: tooMuch(MIB, { stdout: /^x+$/ }),
  },
  {
    title: 'output that ignores every signal and error',
    threat: 'endless stdout',
    program: 'output-after-the-limit.py',
    limits: { outputBytes: 1000 },
    expect: tooMuch(1000, { stdout: /^(more){250}$/ }),
  },
  {
    title: 'a byte at a time',
    threat: '1 byte at a time',
    program: 'byte-at-a-time.py',
    expect: said('0123456789'.repeat(500)),
  },
  {
    title: 'output of exactly the limit is whole',
    threat: 'output at the edge of the limit',
    program: 'write-bytes.py',
    args: ['1', '200000'],
    limits: { outputBytes: 200_000 },
    expect: { ...said('x'.repeat(200_000)), check: wroteExactly(200_000) },
  },
  {
    title: 'errors of exactly the limit are whole',
    threat: 'output at the edge of the limit',
    program: 'write-bytes.py',
    args: ['2', '200000'],
    limits: { outputBytes: 200_000 },
    expect: { status: 'succeeded', stderr: 'x'.repeat(200_000), check: wroteExactly(200_000) },
  },
  {
    title: 'output of one byte more is too much, however it ends',
    threat: 'output at the edge of the limit',
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
  {
    title: 'standard output held by a child does not keep a job from ending',
    threat: 'stdout held open',
    program: 'hold-stdout.py',
    expect: { ...said('main ends\n'), check: between(0, SOON_MS) },
  },
  {
    title: 'standard output held in a socket does not keep a job from ending',
    threat: 'stdout held open',
    program: 'hold-stdout-in-socket.py',
    expect: { ...said('sent\n'), check: between(0, SOON_MS) },
  },
  { title: 'NUL bytes come back as they are', threat: 'NUL bytes', program: 'nul-bytes.py', expect: said('a\0b\0') },
  {
    title: 'bytes that are not UTF-8 come back as base64 beside the text, and hide nothing of the other stream',
    threat: 'invalid UTF-8',
    program: 'invalid-utf8.py',
    expect: {
      status: 'succeeded',
      stdout: 'ok \ufffd\ufffd \ufffd(',
      stdoutBase64: Buffer.from('6f6b20fffe20c328', 'hex').toString('base64'),
      stderr: 'fine',
    },
  },
  {
    title: 'characters written a byte at a time are whole',
    threat: 'multibyte character split over two chunks',
    program: 'half-character.py',
    expect: said('€ and 🙂'),
  },
  {
    title: 'a character cut at the end is shown as such, and there in base64',
    threat: 'multibyte character split over two chunks',
    program: 'half-character-at-the-end.py',
    expect: { status: 'succeeded', stdout: '\ufffd', stdoutBase64: Buffer.from('f09f99', 'hex').toString('base64') },
  },
  {
    title: 'a character cut by the limit is dropped',
    threat: 'multibyte character split over two chunks',
    program: 'half-character.py',
    limits: { outputBytes: 2 },
    expect: { status: 'output-limit', signal: 'SIGKILL', truncated: true, stdout: '' },
  },
  {
    title: 'markup and control characters come back as they are',
    threat: ['HTML and script', 'ANSI escapes'],
    program: 'markup.py',
    expect: said(
      '\x1b[31mred\x1b[0m \x1b]0;title\x07 <script>alert(1)</script> <img src=x onerror=alert(1)> &amp; \r\x08\n',
    ),
  },
  {
    title: 'output that looks like our own protocol is only output',
    threat: 'text that looks like the wire protocol',
    program: 'frames.py',
    expect: {
      status: 'failed',
      exitCode: 7,
      stdout: forgedFrames().toString(),
      stdoutBase64: forgedFrames().toString('base64'),
    },
  },
  {
    title: 'no descriptor of ours is open',
    threat: 'output by other ways than a write',
    program: 'write-to-other-descriptors.py',
    expect: said("['0', '1', '2']\n"),
  },
  {
    title: 'a program that closes its streams is waited for',
    threat: 'closed stdout',
    program: 'close-streams.py',
    expect: { status: 'failed', exitCode: 4, check: atLeast(200) },
  },
  {
    title: 'streams can be opened by name',
    threat: 'output by other ways than a write',
    program: 'reopen-streams.sh',
    stdin: 'input by name\n',
    expect: {
      status: 'succeeded',
      stdout: 'by name\nby link\ninput by name\n',
      stderr: 'error by name\n',
    },
  },
  {
    title: 'lines of many processes come whole',
    threat: 'both at once',
    program: 'output-from-many-processes.py',
    expect: {
      ...said(/^(\d\d \d{3}\n){8000}$/),
      check: (_job, { stdout }) => {
        const lines = new Set(stdout.trimEnd().split('\n'))
        if (lines.size !== 8000) throw new Error(`${lines.size} different lines, not 8000`)
      },
    },
  },
  {
    title: 'output by every name of the descriptor is output',
    threat: 'output by other ways than a write',
    program: 'output-through-proc.sh',
    expect: { status: 'succeeded', stdout: 'one\ntwo\nthree\nfour\nsix\n', stderr: 'five\n' },
  },
  {
    title: 'output after the main program has ended is cut at the limit, or with it',
    threat: 'process left after the main one exits',
    program: 'output-after-main-ends.sh',
    limits: { outputBytes: 5000 },
    expect: tooMuch(5000, { stdout: /^(late\n){1000}$/ }),
  },
  {
    title: 'output in another mode of the descriptor is whole',
    threat: 'output by other ways than a write',
    program: 'nonblocking-stdout.py',
    expect: { status: 'succeeded', stdout: 'x'.repeat(400_000), stderr: 'asked again\n' },
  },
  {
    title: 'output through a pipe that grows and shrinks is whole',
    threat: 'output by other ways than a write',
    program: 'resize-stdout.py',
    expect: {
      status: 'succeeded',
      stdout: `${'x'.repeat(1000)}${'y'.repeat(20_000)}`.repeat(5),
      stderr: /^(refused\n)*$/,
    },
  },
  {
    title: 'output in packets is whole',
    threat: 'output by other ways than a write',
    program: 'packet-stdout.py',
    expect: said(`${Array.from({ length: 3000 }, (_, number) => String(number).padStart(4, '0')).join('')}end\n`),
  },
  {
    title: 'output that is spliced, teed and sent from files is whole',
    threat: 'output by other ways than a write',
    program: 'splice-to-stdout.py',
    expect: {
      status: 'succeeded',
      stdout: 'sendfile 10000\n56789splice 5\n\nteed\ntee 5\nvmsplice -1 ENOSYS\n',
      stderr: '0123456789'.repeat(1000),
    },
  },
  {
    title: 'a program that takes its own output back harms only itself',
    threat: 'output by other ways than a write',
    program: 'read-own-output.py',
    expect: said(/^x*\nend\n$/),
  },
  {
    title: 'output that is closed takes nothing',
    threat: 'closed stdout',
    program: 'close-stdout-first.sh',
    expect: {
      status: 'failed',
      exitCode: 3,
      stderr: './main.sh: line 2: echo: write error: Bad file descriptor\nstill there\n',
    },
  },
  {
    title: 'half characters of JavaScript are replaced by Node, the strange rest comes back as it is',
    threat: 'invalid UTF-8',
    program: 'lone-surrogates.js',
    expect: said('a\ufffdb\ufffdc \ufeff \u2028 \u0085 \uffff\n'),
  },
  {
    title: 'characters in forms that no decoder may take are replaced, and there in base64',
    threat: 'invalid UTF-8',
    program: 'overlong-characters.py',
    expect: {
      status: 'succeeded',
      stdout: '\ufffd\ufffd \ufffd\ufffd \ufffd\ufffd\ufffd \ufffd\ufffd\ufffd\ufffd\n',
      stdoutBase64: 'wK8gwIAg7aCAIPSQgIAK',
    },
  },
  {
    title: 'characters of four bytes are whole however the output is cut in pieces',
    threat: 'multibyte character split over two chunks',
    program: 'wide-characters-across-chunks.py',
    expect: { ...said(`x${'𝄞'.repeat(75_000)}`), check: wroteExactly(300_001) },
  },
  {
    title: 'a limit in the middle of a character drops the rest of it',
    threat: 'multibyte character split over two chunks',
    program: 'wide-characters-across-chunks.py',
    limits: { outputBytes: 5000 },
    expect: {
      status: 'output-limit',
      signal: 'SIGKILL',
      truncated: true,
      stdout: `x${'𝄞'.repeat(1249)}`,
    },
  },
  {
    title: 'output that looks like other protocols is only output',
    threat: 'text that looks like the wire protocol',
    program: 'other-protocols.py',
    expect: said(
      'data: {"status":"succeeded"}\n\nevent: result\nid: 999999-0\n' +
        'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' +
        '*3\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$3\r\ndir\r\n+OK\r\n-ERR\r\n' +
        '{"type":"stdout","data":"x"}\n{"state":"finished"}\n[DONE]\n' +
        '\u0081\u0005hello\u0088\u0000' +
        '__proto__ constructor %s %n ${7*7} {{7*7}} <%= 7*7 %> #{7*7}\n' +
        "'; DROP TABLE jobs; --\n",
    ),
  },
  {
    title: 'what a terminal would obey comes back as it is',
    threat: 'ANSI escapes',
    program: 'terminal-tricks.sh',
    expect: said(
      '\u001b[2J\u001b[H\u001b]52;c;ZXZpbA==\u0007\u001b]0;title\u0007\u001bP$qm\u001b\\\u001b[6n\u001b[c\u001b[?1049h\u001b#8\n' +
        '\u001b]8;;javascript:alert(1)\u001b\\click\u001b]8;;\u001b\\\r\b\v\f\u000e\u000f\n' +
        '\u202etxt.exe\u202c \u200b\u2066\n',
    ),
  },
  {
    title: 'script in an error comes back as it is',
    threat: 'HTML and script',
    program: 'script-in-errors.js',
    expect: failed(
      /^\/job\/main\.js:1\n[^]*\nError: <\/pre><script>alert\(document\.cookie\)<\/script><img src=x onerror=alert\(1\)>\n/,
    ),
  },
  {
    title: 'both streams in turn, a byte at a time, are whole',
    threat: ['1 byte at a time', 'both at once'],
    program: 'streams-in-turn.py',
    expect: { status: 'succeeded', stdout: 'x'.repeat(2500), stderr: 'x'.repeat(2500), check: wroteExactly(5000) },
  },
  {
    title: 'empty lines without end',
    threat: 'endless stdout',
    program: 'empty-lines-forever.sh',
    limits: { outputBytes: 5000 },
    expect: tooMuch(5000, { stdout: '\n'.repeat(5000) }),
  },
  {
    title: 'what a program writes to its own input reaches nobody else',
    threat: 'output by other ways than a write',
    program: 'write-to-stdin.py',
    stdin: 'given',
    expect: said(/^its end EBADF\nby name (4|EACCES)\nTrue\n$/),
  },
  {
    title: 'standard output held by sixty processes does not keep a job from ending',
    threat: 'stdout held open',
    program: 'stdout-held-by-many.sh',
    expect: { status: 'succeeded', stdout: 'held\n', stderr: /^(.*fork: .*\n)*$/, check: between(0, SOON_MS) },
  },
]
