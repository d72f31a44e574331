import json
import os
import resource
import socket

# What a program finds around itself: the same, to the byte, in every sandbox whatever ran there before.


def lines(path):
    with open(path) as file:
        return file.read().splitlines()


def usage(path):
    status = os.statvfs(path)
    return [status.f_blocks * status.f_frsize, status.f_blocks - status.f_bfree, status.f_files, status.f_files - status.f_ffree]


print('Hello, world!')
print(
    json.dumps(
        {
            'folders': {path: sorted(os.listdir(path)) for path in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run', '/dev/mqueue', '/dev/pts')},
            'modes': {path: oct(os.stat(path).st_mode) for path in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run', '/job/main.py')},
            'usage': usage('/job'),
            'processes': sorted(int(name) for name in os.listdir('/proc') if name.isdigit()),
            'pid': os.getpid(),
            'ids': [os.getuid(), os.getgid(), os.getgroups()],
            'ipc': {name: lines(f'/proc/sysvipc/{name}')[1:] for name in ('shm', 'sem', 'msg')},
            'sockets': [len(lines(f'/proc/net/{name}')) - 1 for name in ('unix', 'tcp', 'udp', 'tcp6', 'udp6') if os.path.exists(f'/proc/net/{name}')],
            'environment': dict(sorted(os.environ.items())),
            'host': socket.gethostname(),
            'descriptors': sorted(os.listdir('/proc/self/fd'), key=int)[:3],
            'limits': {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith('RLIMIT_')},
            'nice': os.getpriority(os.PRIO_PROCESS, 0),
            'leaderNice': os.getpriority(os.PRIO_PROCESS, 1),
            'scheduler': [os.sched_getscheduler(0), os.sched_getparam(0).sched_priority],
            'processors': len(os.sched_getaffinity(0)),
            'locks': lines('/proc/locks'),
            'interfaces': [line.split()[0] for line in lines('/proc/net/dev')[2:]],
            'oomScore': lines('/proc/self/oom_score_adj'),
            'umask': os.umask(0),
            'signals': [line.split() for line in lines('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn', 'CapEff', 'NoNewPrivs', 'Seccomp:'))],
            'mounts': sorted(line.split()[1] for line in lines('/proc/mounts')),
        }
    )
)
