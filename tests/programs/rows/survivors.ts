import { atLeast, between, endedBy, GRACE_MS, HEARD_MS, ran, said, SOON_MS, wall } from './expectations.ts'
import type { HostileRow } from './row.ts'

export const survivors: readonly HostileRow[] = [
  {
    title: 'a program asked to leave may say a last word, and has met its limit all the same',
    threat: 'SIGTERM ignored',
    program: 'exit-zero-on-sigterm.py',
    limits: { wallMs: HEARD_MS },
    expect: { status: 'wall-time-limit', exitCode: 0, stdout: 'asked to leave\n', check: atLeast(HEARD_MS) },
  },
  {
    title: 'a program that does not listen is killed after the grace',
    threat: 'SIGTERM ignored',
    program: 'ignore-sigterm.py',
    limits: { wallMs: HEARD_MS },
    expect: wall({ signal: 'SIGKILL', check: atLeast(HEARD_MS + GRACE_MS) }),
  },
  {
    title: 'a program that ignores every signal is killed after the grace',
    threat: 'SIGTERM ignored',
    program: 'ignore-every-signal.py',
    limits: { wallMs: HEARD_MS },
    expect: wall({ signal: 'SIGKILL', check: atLeast(HEARD_MS + GRACE_MS) }),
  },
  {
    title: 'a daemon ends with its job',
    threat: 'double fork and setsid',
    program: 'leave-daemon.py',
    expect: { ...said('left\n'), check: between(0, SOON_MS) },
  },
  {
    title: 'processes that keep replacing themselves end with their job',
    threat: 'process left after the main one exits',
    program: 'keep-respawning.py',
    expect: { ...said('left\n'), check: between(0, SOON_MS) },
  },
  {
    title: 'a program that stops itself ends at the wall limit',
    threat: 'stopped process',
    program: 'stop-own-group.py',
    limits: { wallMs: HEARD_MS },
    expect: wall({ stdout: 'stopping\n', check: atLeast(HEARD_MS) }),
  },
  {
    title: 'stopped children end with their job',
    threat: 'stopped process',
    program: 'stop-children.py',
    expect: said('left stopped\n'),
  },
  {
    title: 'killing everybody kills nobody but the own children',
    threat: 'kill -9 -1',
    program: 'kill-everybody.py',
    expect: said('child killed by 9\nnobody else: No such process\n'),
  },
  {
    title: 'process 1 cannot be signalled',
    threat: 'kill of PID 1',
    program: 'signal-process-one.py',
    expect: said('EPERM\n'),
  },
  {
    title: 'process 1 cannot be signalled while it ends the program either',
    threat: 'kill of PID 1',
    program: 'signal-process-one-for-a-second.py',
    limits: { wallMs: HEARD_MS, cpuMs: 20_000 },
    expect: wall({ signal: 'SIGKILL', check: atLeast(HEARD_MS + GRACE_MS) }),
  },
  {
    title: 'a program cannot make itself unlikely to be killed for memory',
    threat: 'kill of PID 1',
    program: 'lower-oom-score.py',
    expect: said('1000\n'),
  },
  {
    title: 'process 1 cannot be traced',
    threat: 'ptrace of PID 1',
    program: 'trace-process-one.py',
    expect: said('-1 EPERM\n-1 EPERM\n'),
  },
  {
    title: 'a daemon of another name, in a session of its own, deaf, ends with its job',
    threat: 'double fork and setsid',
    program: 'daemon-under-another-name.py',
    expect: said('left\n'),
  },
  {
    title: 'who adopts the orphans does not keep them',
    threat: 'process left after the main one exits',
    program: 'adopt-orphans.py',
    expect: said('adopted 5\n'),
  },
  {
    title: 'a parent held by its child that does not listen is killed with it',
    threat: 'SIGTERM ignored',
    program: 'vfork-and-hold.c',
    limits: { wallMs: HEARD_MS },
    expect: ran(wall({ signal: 'SIGKILL', stdout: 'holding\n' })),
  },
  {
    title: 'a program that multiplies when asked to leave is killed after the grace',
    threat: 'processes that multiply at their end',
    program: 'fork-when-asked-to-leave.py',
    limits: { wallMs: HEARD_MS },
    expect: wall({ signal: 'SIGKILL', stdout: 'waiting\n' }),
  },
  {
    title: 'a program that starts again when asked to leave is killed after the grace',
    threat: 'SIGTERM ignored',
    program: 'start-again-when-asked-to-leave.sh',
    limits: { wallMs: HEARD_MS },
    expect: wall({ signal: 'SIGKILL', stderr: /^(Terminated\n)*$/ }),
  },
  {
    title: 'processes that stop each other without end are ended all the same',
    threat: 'stopped process',
    program: 'stop-each-other.py',
    limits: { wallMs: HEARD_MS },
    expect: { status: 'wall-time-limit', stdout: 'stopping\n', check: endedBy('SIGTERM', 'SIGKILL') },
  },
  {
    title: 'a process that writes files without end ends with its job',
    threat: 'process left after the main one exits',
    program: 'write-files-forever.sh',
    expect: said('left\n'),
  },
  {
    title: 'a main thread that ends before the others is waited for',
    threat: 'process left after the main one exits',
    program: 'threads-outlive-main.c',
    expect: ran({ status: 'failed', exitCode: 5, stdout: 'the last thread ends\n' }),
  },
  {
    title: 'no process can be traced, not even an own one',
    threat: 'ptrace',
    program: 'trace-own-children.py',
    expect: said('traceme -1 EPERM\nattach -1 EPERM\nseize -1 EPERM\n'),
  },
  {
    title: 'process 1 is out of reach of every call that takes a number',
    threat: 'kill of PID 1',
    program: 'reach-for-process-one.py',
    expect: said(
      /^([\w ]+ (EPERM|ESRCH|EACCES|ENOSYS)\n){12}process_mrelease (EINVAL|EPERM|ENOSYS)\n([\w ]+ (EPERM|ESRCH|ENOSYS)\n){7}$/,
    ),
  },
  {
    title: 'a daemon of one test is not there in the next',
    threat: 'double fork and setsid',
    program: 'leave-daemon-for-next-test.py',
    tests: [{}, {}],
    expect: {
      ...said('others: 0\n'),
      stages: ['test 1', 'test 2'],
      check: ({ stages }) => {
        if (stages[1]?.stdout !== 'others: 0\n') throw new Error(`the second test wrote ${stages[1]?.stdout}`)
      },
    },
  },
  {
    title: 'children nobody buried are buried',
    threat: 'process left after the main one exits',
    program: 'leave-zombies.py',
    expect: said('left unburied\n'),
  },
  {
    title: 'processes that wait where nothing comes end with their job',
    threat: 'process left after the main one exits',
    program: 'wait-where-nothing-comes.py',
    expect: { ...said('waiting\n'), check: between(0, SOON_MS) },
  },
  {
    title: 'processes that begin again from the handlers of their end do end',
    threat: 'processes that multiply at their end',
    program: 'fork-with-every-exit.c',
    expect: ran({ ...said('ends\n'), stdout: /^(ends\n)+$/ }),
  },
]
