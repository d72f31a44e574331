import ctypes
import os
import signal

libc = ctypes.CDLL(None)
number = 0
while libc.mq_open(b'/%d' % number, os.O_CREAT | os.O_RDWR, 0o600, None) >= 0:
    number += 1
print('ready', flush=True)
signal.pause()
