import { MIB } from '../../../src/shared/limits.ts'
import { failed, said, wall } from './expectations.ts'
import type { ProgramRow } from './row.ts'

const OUT = 'x'.repeat(300_000)
const ERRORS = 'y'.repeat(200_000)
/** 3 processes of 3 threads with 1,000 lines each. */
const WHOLE_LINES = /^(?:(?<name>[a-c][0-2]) \d+ \k<name>\n){9000}$/

/** What a program wrote is there however it ends, and when it is written is the program's affair. */
export const written: readonly ProgramRow[] = [
  {
    title: 'JavaScript that exits has written all',
    program: 'much-then.js',
    expect: { ...said(OUT), stderr: ERRORS },
  },
  {
    title: 'JavaScript with an error nobody catches has written all',
    program: 'much-then.js',
    args: ['throw'],
    expect: { ...failed(/^y{200000}\/job\/main\.js:[^]*TypeError: no such luck/), stdout: OUT },
  },
  {
    title: 'JavaScript that is killed has written all',
    program: 'much-then.js',
    args: ['abort'],
    expect: { status: 'signalled', signal: 'SIGKILL', stdout: OUT, stderr: ERRORS },
  },
  {
    title: 'JavaScript that meets a limit without returning to its event loop has written all',
    program: 'much-then.js',
    args: ['spin'],
    limits: { wallMs: 5000 },
    expect: wall({ stdout: OUT, stderr: ERRORS }),
  },
  {
    title: 'JavaScript may write past its streams as well',
    program: 'much-then.js',
    args: ['write'],
    expect: { ...said(OUT + OUT), stderr: ERRORS },
  },
  {
    title: 'children and worker threads of JavaScript have written all',
    program: 'much-from-children.js',
    limits: { wallMs: 60_000 },
    expect: said('x'.repeat(600_000)),
  },
  {
    title: 'a job of its own options for Node has written all',
    program: 'much-then.js',
    args: ['exit'],
    env: { NODE_OPTIONS: '--max-old-space-size=64' },
    expect: { ...said(OUT), stderr: ERRORS },
  },
  {
    title: 'the streams of JavaScript look as ever',
    program: 'streams-as-ever.js',
    stdin: 'x',
    expect: said("[] 2 getStdin getStdout getStderr Socket Socket Socket\n0 [ '/job/main.js' ]\n"),
  },
  {
    title: 'the stack is a limit of JavaScript too',
    program: 'recursion.js',
    args: ['200000'],
    limits: { stackBytes: 64 * MIB },
    expect: said('200000\n'),
  },
  {
    title: 'Python has written each print when it goes on',
    program: 'print-in-parts.py',
    expect: {
      status: 'signalled',
      signal: 'SIGKILL',
      stdout: `a1b c 2d3e4before fork|child|thread|5echo\n0\n1\n${'x'.repeat(100_000)}last`,
      stderr: 'error6',
    },
  },
  {
    title: 'lines of many processes and threads of Python are whole',
    program: 'lines-of-many.py',
    expect: said(WHOLE_LINES),
  },
  {
    title: 'a signal handler of Python may print',
    program: 'print-in-handler.py',
    expect: {
      // Python looks for signals between the parts of a print, so a handler's own may come there.
      ...said(/^(?:program|handler|\d+| |\n)+$/),
      check: (_job, { stdout }) => {
        for (let call = 1; call <= 20; call++) {
          if (!stdout.includes(`handler ${call}\n`)) throw new Error(`what call ${call} printed is not there whole`)
        }
      },
    },
  },
  {
    title: 'a print of Python is one call of the system, with or without the end of a line',
    program: 'count-writes.py',
    expect: { ...said(/^0 0\n/), stderr: '1000\n' },
  },
  {
    title: 'PYTHONUNBUFFERED keeps its meaning',
    program: 'count-writes.py',
    env: { PYTHONUNBUFFERED: '1' },
    expect: { ...said(/^0 0\n/), stderr: '4000\n' },
  },
  {
    title: 'PYTHONUNBUFFERED that is empty leaves it to Python',
    program: 'count-writes.py',
    env: { PYTHONUNBUFFERED: '' },
    expect: { ...said(/^0 0\n/), stderr: '1\n' },
  },
]
