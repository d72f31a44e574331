import { said } from './expectations.ts'
import type { ProgramRow } from './row.ts'

export const crossJob: readonly ProgramRow[] = [
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
    title: 'nothing of a neighbour can be found, signalled or met',
    program: 'search-for-neighbours.py',
    beside: { program: 'hold-secrets.py', says: 'ready\nwhole alone\n' },
    expect: said('found: []\n'),
  },
  {
    title: 'no file tells the work of a neighbour',
    program: 'time-neighbours.py',
    beside: { program: 'use-shared-files.sh' },
    expect: said('open: []\nlast process is one of ours: True\n'),
  },
  {
    title: 'files that all share do not tell that a neighbour uses them',
    program: 'watch-shared-files.py',
    beside: { program: 'use-shared-files.sh' },
    expect: said('no watches: ENOSYS\n'),
  },
  {
    title: 'locks on files that all share are a job’s own',
    program: 'lock-shared-files.py',
    beside: { program: 'lock-shared-files.py', args: ['and wait'], begins: 'locked 6\n' },
    expect: said('locked 6\n'),
  },
  ...['inotify', 'terminals', 'pending-signals', 'message-queues', 'asynchronous-io', 'locked-memory'].map(
    (what): ProgramRow => ({
      title: `a neighbour that takes all it can get leaves the others their share: ${what.replaceAll('-', ' ')}`,
      program: 'use-a-little.py',
      beside: { program: `take-all-${what}.py` },
      expect: said('done\n'),
    }),
  ),
  {
    title: 'what a process changes about itself is gone with it',
    program: 'change-own-attributes.py',
    expect: said('changed\n'),
  },
  {
    title: 'files with strange attributes are cleared',
    program: 'leave-strange-files.py',
    expect: said(
      /^immutable (EPERM|EOPNOTSUPP|ENOTTY)\nappend only (EPERM|EOPNOTSUPP|ENOTTY)\nuser attribute (set|EOPNOTSUPP)\ntrusted attribute (EPERM|EOPNOTSUPP)\ncapabilities EPERM\nowner EPERM\nsetuid (set|EPERM)\nsticky folder set\nseal (EPERM|EINVAL)\nleft\n$/,
    ),
  },
  { title: 'a full file system is empty for the next job', program: 'leave-full-disk.py', expect: said('full\n') },
  {
    title: 'connections, listeners and datagrams are gone for the next job',
    program: 'leave-connections.py',
    expect: said('left\n'),
  },
]
