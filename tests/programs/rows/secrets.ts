import { ran, said } from './expectations.ts'
import type { HostileRow } from './row.ts'

export const secrets: readonly HostileRow[] = [
  {
    title: 'process 1 shows nothing of itself',
    threat: '/proc/1/environ',
    program: 'look-at-process-one.py',
    expect: {
      status: 'succeeded',
      stdout: /^(\/proc\/1\/\S+ (EACCES|EPERM|ENOENT|EROFS)\n)+$/,
    },
  },
  {
    title: 'nothing tells of the host',
    threat: ['/proc/self/mountinfo', '/proc/cmdline', '/proc/kcore', 'environment'],
    program: 'read-what-is-secret.py',
    expect: said(
      '/proc/kcore ENOENT or empty\n/proc/kmsg ENOENT or empty\n/dev/mem ENOENT or empty\n' +
        '/dev/kmsg ENOENT or empty\n/proc/sysrq-trigger ENOENT or empty\n',
    ),
  },
  {
    title: 'what the platform keeps to itself stands nowhere a program can read',
    threat: ['environment', '/proc/self/mountinfo', 'names and keys in files'],
    program: 'find-words.py',
    secretsAsInput: true,
    expect: said("True found: ['/etc/hosts: localhost sandbox']\n"),
  },
  {
    title: 'process 1 tells nothing of what it works for',
    threat: '/proc/1/environ',
    program: 'read-process-one.py',
    expect: said(
      /^cmdline readable \[\]\ncomm readable \[\]\nenviron refused\ncgroup readable \[\]\nlimits readable \[\]\nmounts readable \[\]\nmountinfo readable \[\]\nmaps refused\nstatus readable \[\]\nsched (readable \[\]|refused)\noom_score_adj readable \[\]\n1 thread\n$/,
    ),
  },
  {
    title: 'a process is given no word of ours in its memory',
    threat: 'environment',
    program: 'search-own-memory.c',
    expect: ran(said('looked, 0 found\n')),
  },
  {
    title: 'names are those of the sandbox',
    threat: 'names and keys in files',
    program: 'read-names.sh',
    expect: {
      // Nobody answers to the other names.
      status: 'succeeded',
      stdout:
        /^127\.0\.0\.1 localhost sandbox\n::1 localhost\nsandbox\nsandbox\nsandbox\n\(none\)\n127\.0\.0\.1 +localhost sandbox\n::1 +localhost\nuid=1000\(runner\) gid=1000\(runner\) groups=1000\(runner\)\n$/,
    },
  },
  {
    title: 'the kernel tells nothing',
    threat: ['/proc/cmdline', '/proc/kcore'],
    program: 'read-kernel-log.sh',
    expect: said('tried\n'),
  },
  {
    title: 'no key, password or core lies about',
    threat: 'names and keys in files',
    program: 'find-keys.sh',
    expect: said('looked\n'),
  },
  {
    title: 'a program sees process 1 and itself',
    threat: '/proc/1/environ',
    program: 'list-processes.sh',
    expect: said('1 init /.runyard/init\n'),
  },
]
