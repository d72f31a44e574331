import ctypes
import errno
import os
import resource
import signal

# Everything that takes the number of a process, with the number 1. Columns: x86-64, 64-bit ARM.
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


info = ctypes.create_string_buffer(128)
info[8] = 0xFF
room = ctypes.create_string_buffer(16)
try:
    one = os.pidfd_open(1)
except OSError:
    one = -1
attempt('tkill', lambda: call((200, 130), 1, 9))
attempt('tgkill', lambda: call((234, 131), 1, 1, 19))
attempt('rt_sigqueueinfo', lambda: call((129, 138), 1, 9, info))
attempt('pidfd_send_signal', lambda: signal.pidfd_send_signal(one, 9))
attempt('its group', lambda: os.killpg(1, 9))
attempt('prlimit', lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)))
attempt('setpriority', lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
attempt('sched_setaffinity', lambda: os.sched_setaffinity(1, {0}))
attempt('sched_setscheduler', lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
attempt('ioprio_set', lambda: call((251, 30), 1, 1, 3 << 13))
attempt('setpgid', lambda: os.setpgid(1, 0))
attempt('process_madvise', lambda: call((440, 440), one, 0, 0, 21, 0))
attempt('process_mrelease', lambda: call((448, 448), one, 0))
attempt('pidfd_getfd', lambda: call((438, 438), one, 1, 0))
attempt('process_vm_readv', lambda: call((310, 270), 1, 0, 0, 0, 0, 0))
attempt('process_vm_writev', lambda: call((311, 271), 1, 0, 0, 0, 0, 0))
attempt('kcmp', lambda: call((312, 272), 1, os.getpid(), 0, 0, 0))
attempt('move_pages', lambda: call((279, 239), 1, 0, 0, 0, 0, 0))
attempt('migrate_pages', lambda: call((256, 238), 1, 64, room, room))
attempt('get_robust_list', lambda: call((274, 100), 1, room, room))
