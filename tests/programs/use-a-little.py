import ctypes
import errno
import mmap
import os
import signal

# One of everything that is counted by user or for the whole machine. What is refused by rule is no loss; what is used up is.
USED_UP = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EAGAIN, errno.ENOMEM)
libc = ctypes.CDLL(None, use_errno=True)
libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
signal.pthread_sigmask(signal.SIG_BLOCK, [50])
room = mmap.mmap(-1, 4096)
start = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(room)))
context = ctypes.c_ulong(0)
for name, act in (
    ('inotify', lambda: libc.inotify_init1(0)),
    ('terminal', lambda: libc.open(b'/dev/ptmx', os.O_RDWR | os.O_NOCTTY)),
    ('pending signal', lambda: libc.sigqueue(os.getpid(), 50, None)),
    ('message queue', lambda: libc.mq_open(b'/one', os.O_CREAT | os.O_RDWR, 0o600, None)),
    ('asynchronous io', lambda: libc.syscall(206 if os.uname().machine == 'x86_64' else 0, 1, ctypes.byref(context))),
    ('locked memory', lambda: libc.mlock(start, 4096)),
    ('timer', lambda: libc.timer_create(1, None, ctypes.byref(ctypes.c_void_p()))),
    ('epoll', lambda: libc.epoll_create1(0)),
    ('pipe', lambda: libc.pipe2(ctypes.byref((ctypes.c_int * 2)()), 0)),
    ('process', lambda: os.fork() or os._exit(0)),
):
    ctypes.set_errno(0)
    if act() < 0 and ctypes.get_errno() in USED_UP:
        print(name, 'is used up:', errno.errorcode[ctypes.get_errno()])
print('done')
