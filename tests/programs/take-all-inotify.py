import ctypes
import signal

# The kernel counts these for the user who made the container, not for the one inside.
libc = ctypes.CDLL(None)
while libc.inotify_init1(0) >= 0:
    pass
print('ready', flush=True)
signal.pause()
