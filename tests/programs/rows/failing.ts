import { failed } from './expectations.ts'
import type { ProgramRow } from './row.ts'

export const failing: readonly ProgramRow[] = [
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
