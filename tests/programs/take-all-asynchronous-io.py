import ctypes
import os
import signal

# io_setup. The kernel has one count of these for the whole machine.
libc = ctypes.CDLL(None)
number = 206 if os.uname().machine == 'x86_64' else 0
for size in (8192, 128, 1):
    while libc.syscall(number, size, ctypes.byref(ctypes.c_ulong(0))) == 0:
        pass
print('ready', flush=True)
signal.pause()
