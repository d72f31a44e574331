import ctypes
import os
import signal
import time

# Twice forked, in a session of its own, named like a thread of the kernel, deaf to every signal.
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b'kworker/0:1', 0, 0, 0)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        os.chdir('/')
        for fd in range(3):
            os.close(fd)
        time.sleep(3600)
    os._exit(0)
os.wait()
print('left')
