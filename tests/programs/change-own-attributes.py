import ctypes
import os
import resource
import signal

# All that a process may change about itself, for the worse.
libc = ctypes.CDLL(None, use_errno=True)
os.nice(19)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.umask(0o777)
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
libc.prctl(4, 0, 0, 0, 0)  # not dumpable
libc.prctl(29, 1000000000, 0, 0, 0)  # timer slack
libc.prctl(1, 9, 0, 0, 0)  # signal at the parent's death
libc.syscall(251, 1, 0, 3 << 13)
for place in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run'):
    os.chmod(place, 0) if os.stat(place).st_uid == os.getuid() else None
os.chdir('/')
os.write(1, b'changed\n')
