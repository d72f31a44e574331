import { hasIpv6 } from '../../support/ipv6.ts'
import { HEARD_MS, ran, said, saysNothingOf, wall } from './expectations.ts'
import type { HostileRow } from './row.ts'

export const kernelSurface: readonly HostileRow[] = [
  {
    title: 'sockets of other kinds cannot be made',
    threat: 'raw sockets',
    program: 'open-strange-sockets.py',
    expect: said(/^([a-z0-9 ]+ (EAFNOSUPPORT|EPROTONOSUPPORT|EACCES)\n){17}([a-z0-9 ]+ ENOTSUP\n){3}$/),
  },
  {
    title: 'the kernel refuses what reaches beyond a program',
    threat: [
      'user namespaces',
      'new namespaces',
      'mount',
      'bpf',
      'io_uring',
      'userfaultfd',
      'keyctl',
      'perf_event_open',
      'ptrace',
    ],
    program: 'ask-the-kernel.py',
    expect: said(
      `38 of 38 refused\n${['mount', 'uts', 'ipc', 'user', 'pid', 'net', 'cgroup'].map((name) => `clone ${name} EPERM\n`).join('')}clone3 -1 ENOSYS\n`,
    ),
  },
  {
    title: 'a program that tries the walls without end, in many processes, ends by its limit',
    threat: 'mount',
    program: 'try-the-walls.py',
    limits: { wallMs: HEARD_MS },
    expect: wall({ stdout: 'EPERM\n'.repeat(20), check: saysNothingOf(/refusedCalls|mount/) }),
  },
  {
    title: 'devices cannot be made, and only the harmless ones are there',
    threat: 'devices',
    program: 'make-device.py',
    expect: said(
      "memory EPERM\ndisk EPERM\n['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', " +
        "'stdout', 'tty', 'urandom', 'zero']\n",
    ),
  },
  {
    title: 'nothing can be written outside of the own folders',
    threat: ['files outside of the own folders', '/proc/sys and /sys writes'],
    program: 'write-where-forbidden.py',
    expect: said('written: []\n'),
  },
  {
    title: 'there is no setuid file',
    threat: 'setuid binaries',
    program: 'find-setuid.py',
    expect: said('setuid files: []\n'),
  },
  {
    title: 'nobody becomes root',
    threat: 'ids and capabilities',
    program: 'become-root.py',
    expect: said(
      /^setuid EPERM\nsetresuid EPERM\nsetgid EPERM\nsetgroups EPERM\nchown EPERM\nnice (EPERM|EACCES)\n1000\nUid: 1000 1000 1000 1000\nGid: 1000 1000 1000 1000\nGroups:\nCapInh: 0{16}\nCapPrm: 0{16}\nCapEff: 0{16}\nCapBnd: 0{16}\nCapAmb: 0{16}\nNoNewPrivs: 1\nSeccomp: 2\n$/,
    ),
  },
  {
    title: 'calls by the numbers of other architectures are refused',
    threat: 'calls of another architecture',
    program: 'call-as-32-bit.c',
    expect: ran(
      said(
        /^mount by int 0x80: (ENOSYS|SIGSEGV)\ngetpid by int 0x80: (ENOSYS|SIGSEGV)\ngetpid of x32: ENOSYS\nmount of x32: ENOSYS\n$/,
      ),
    ),
  },
  {
    title: 'no namespace can be made or entered',
    threat: ['user namespaces', 'new namespaces'],
    program: 'unshare-everything.sh',
    expect: said('tried\n'),
  },
  {
    title: 'nothing can be mounted, unmounted or swapped',
    threat: 'mount',
    program: 'mount-anything.sh',
    expect: said('tried\n'),
  },
  {
    title: 'io_uring is refused',
    threat: 'io_uring',
    program: 'use-io-uring.c',
    expect: ran(said(/^setup (EPERM|ENOSYS)\nenter (EPERM|ENOSYS)\nregister (EPERM|ENOSYS)\n$/)),
  },
  {
    title: 'bpf and perf are refused',
    threat: ['bpf', 'perf_event_open'],
    program: 'use-bpf.c',
    expect: ran(said('map EPERM\nprogram EPERM\nown counter ENOSYS\ncounter of a processor ENOSYS\n')),
  },
  {
    title: 'userfaultfd is refused',
    threat: 'userfaultfd',
    program: 'use-userfaultfd.c',
    expect: ran(said(/^call (EPERM|ENOSYS)\nfor user faults (EPERM|ENOSYS)\ndevice ENOENT\n$/)),
  },
  {
    title: 'keyrings are refused',
    threat: ['keyctl', 'kernel keyring'],
    program: 'use-keyrings.c',
    expect: ran(said(/^((thread|process|session|user|user session|join|search) (EPERM|ENOSYS)\n){7}$/)),
  },
  {
    title: 'the machine’s own state is refused',
    threat: "the machine's own state",
    program: 'change-machine-state.c',
    expect: ran(said(/^([\w ]+ (EPERM|ENOSYS)\n){16}$/)),
  },
  {
    title: 'nobody gets ahead of the others',
    threat: "the machine's own state",
    program: 'raise-priority.py',
    expect: said(
      /^nice (EACCES|EPERM)\nof all of the user (EACCES|EPERM)\nfifo EPERM\nround robin EPERM\ndeadline EPERM\nreal-time disk EPERM\nlock all memory (ENOMEM|EPERM)\nmemory policy (done|EPERM|ENOSYS)\n$/,
    ),
  },
  {
    title: 'there is no climbing out',
    threat: 'files outside of the own folders',
    program: 'climb-out.c',
    expect: ran(
      said(
        /^chroot EPERM\nclimbing ends at the root\nhandle EPERM\nroot of process 1 EACCES\nworking folder of process 1 EACCES\nnamespace of process 1 EACCES\nthrough a task EACCES\nits memory EACCES\nshadow by its own root EACCES\n$/,
      ),
    ),
  },
  {
    title: 'no device leads out',
    threat: 'devices',
    program: 'open-devices.py',
    expect: said('there: []\nstrange: []\nno terminal\n'),
  },
  {
    title: 'no file of /proc and /sys can be written to',
    threat: '/proc/sys and /sys writes',
    program: 'write-all-of-proc.py',
    expect: said('more than 500 files: True\nopened: []\n'),
  },
  {
    title: 'a process writes nothing to its own /proc either',
    threat: '/proc/sys and /sys writes',
    program: 'write-own-proc.py',
    expect: said(/^([\w/]+ refused\n){14}$/),
  },
  {
    title: 'nobody types into a terminal',
    threat: 'devices',
    program: 'type-into-terminal.c',
    expect: ran(said(/^((TIOCSTI|TIOCLINUX|TIOCCONS)( with a high bit)? (EPERM|EIO)\n){6}$/)),
  },
  {
    title: 'what the whole machine has one of is neither used up nor shown',
    threat: "the machine's own state",
    program: 'use-machine-pools.py',
    expect: said(
      "socket filter ENOPROTOOPT ENOPROTOOPT\nsystem call filter EINVAL ENOSYS\nhuge pages EINVAL EINVAL\nsync and advice ok\nlocked 0\nchanged []\ninterfaces [(1, 'lo')] True\n",
    ),
  },
  {
    // tests/sandbox/host-log.test.ts reads the log.
    title: 'what would write its name into the log of the kernel does so in vain',
    threat: "the machine's own state",
    program: 'write-to-kernel-log.py',
    args: ['a-name', '8090'],
    expect: said('fault SIGSEGV\ntried\n'),
  },
  {
    title: 'locks of parts of files end at a bound, and begin again below it',
    threat: "the machine's own state",
    program: 'lock-many-parts.py',
    expect: said(
      `refused ENOLCK True\nafter closing ok\nwaited 0\nof an open file EINVAL EINVAL\nwatch EINVAL\nlabel ${hasIpv6 ? 'ENOPROTOOPT' : 'EAFNOSUPPORT'}\n`,
    ),
  },
  {
    title: 'the network of the cell stays as it is',
    threat: "the machine's own state",
    program: 'change-network.py',
    expect: said(
      /^lo down EPERM\nnew link EPERM\nnew address EPERM\nnew route EPERM\nSO_MARK EPERM\nSO_BINDTODEVICE (ENODEV|EPERM)\nSO_RCVBUFFORCE EPERM\nSO_PRIORITY (EPERM|EINVAL)\nport 80 EACCES\ninterface down EPERM\n$/,
    ),
  },
  {
    title: 'a program adds no filter of its own, and loosens nothing',
    threat: 'ids and capabilities',
    program: 'loosen-filter.c',
    expect: ran(said('filter EINVAL\nmount EPERM\nlistener ENOSYS\nprivileges EINVAL\n')),
  },
  {
    title: 'no capability can be gained',
    threat: 'ids and capabilities',
    program: 'gain-capabilities.c',
    expect: ran(
      said(
        /^((capset|ambient|bounding|securebits|memory map|setuid|setreuid|setgid) EPERM\n){8}file owner 1000\nstill 1000 1000\n$/,
      ),
    ),
  },
  {
    title: 'a setuid file of the program’s own gives nothing',
    threat: 'setuid binaries',
    program: 'run-own-setuid-file.sh',
    expect: said('/job 1000 1000\n/tmp 1000 1000\n/var/tmp 1000 1000\n/dev/shm 1000 1000\n/run 1000 1000\n'),
  },
  {
    title: 'no core is dumped, and none is handed to the machine',
    threat: "the machine's own state",
    program: 'dump-core.py',
    expect: said("(1, 1)\nnot dumped ['main.py']\n"),
  },
  {
    title: 'of all kinds of socket only those that stay inside can be had',
    threat: 'raw sockets',
    program: 'open-every-socket.py',
    expect: said('[(1, 1), (1, 2), (1, 3), (1, 5), (2, 1), (2, 2), (10, 1), (10, 2), (16, 2), (16, 3)]\n'),
  },
]
