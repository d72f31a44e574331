import ctypes
import errno
import os
import struct

# Columns: x86-64, 64-bit ARM.
libc = ctypes.CDLL(None, use_errno=True)
column = 0 if os.uname().machine == 'x86_64' else 1


def call(numbers, *args):
    if libc.syscall(numbers[column], *args) < 0:
        raise OSError(ctypes.get_errno(), '')


def attempt(name, act):
    try:
        act()
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])


deadline = struct.pack('IIQiIQQQ', 48, 6, 0, 0, 0, 1_000_000, 10_000_000, 10_000_000)
attempt('nice', lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
attempt('of all of the user', lambda: os.setpriority(os.PRIO_USER, 1000, -5))
attempt('fifo', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)))
attempt('round robin', lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)))
attempt('deadline', lambda: call((314, 274), 0, deadline, 0))
attempt('real-time disk', lambda: call((251, 30), 1, 0, 1 << 13))
attempt('lock all memory', lambda: call((151, 230), 3))
attempt('memory policy', lambda: call((238, 237), 2, ctypes.byref(ctypes.c_ulong(1)), 64))
