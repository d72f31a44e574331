import errno
import os

PATHS = [
    '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sys/vm/overcommit_memory',
    '/proc/sys/kernel/shmmax', '/proc/sys/net/ipv4/ip_forward', '/proc/sysrq-trigger', '/sys/power/state',
    '/sys/kernel/uevent_helper', '/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max',
    '/etc/passwd', '/etc/hosts', '/etc/resolv.conf', '/etc/ld.so.preload', '/etc/new', '/usr/bin/new', '/bin/sh',
    '/usr/lib/new', '/.runyard/init', '/.runyard/new', '/new', '/root/new', '/dev/new', '/home/new', '/opt/new',
    '/var/lib/new', '/var/log/new', '/proc/1/oom_score_adj', '/proc/self/uid_map', '/proc/self/setgroups',
]
written = []
for path in PATHS:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.write(fd, b'0')
        written.append(path)
    except OSError:
        pass
print('written:', written)
