import errno
import os

# What counts the work of the whole machine in such detail that a neighbour's could be told from it.
TELLING = [
    'interrupts', 'softirqs', 'schedstat', 'sched_debug', 'timer_list', 'diskstats', 'slabinfo', 'vmallocinfo', 'pagetypeinfo',
    'latency_stats', 'pressure/cpu', 'pressure/memory', 'pressure/io', 'kpagecount', 'kpageflags', 'kpagecgroup', 'keys',
    'key-users', 'kallsyms', 'lock_stat', 'latency_stats', 'net/softnet_stat', '1/stack', '1/syscall', '1/io', '1/wchan',
]
open_ones = []
for name in TELLING:
    try:
        with open(f'/proc/{name}', 'rb') as file:
            content = file.read(4096)
        # The network is the cell's own, with a line for each processor; 0 says that nothing is told.
        if content not in (b'', b'0') and name != 'net/softnet_stat':
            open_ones.append(name)
    except OSError:
        pass
with open('/proc/loadavg') as file:
    last = int(file.read().split()[4])
print('open:', open_ones)
print('last process is one of ours:', last <= os.getpid() + 8)
