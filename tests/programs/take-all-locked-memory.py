import mmap
import ctypes
import signal

libc = ctypes.CDLL(None)
room = mmap.mmap(-1, 64 << 20)
start = ctypes.addressof(ctypes.c_char.from_buffer(room))
for offset in range(0, 64 << 20, 65536):
    if libc.mlock(ctypes.c_void_p(start + offset), 65536) < 0:
        break
print('ready', flush=True)
signal.pause()
