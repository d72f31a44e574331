import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
for _ in range(19):
    if os.fork() == 0:
        break


def try_it():
    return 'reached' if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0 else errno.errorcode[ctypes.get_errno()]


os.write(1, try_it().encode() + b'\n')
while True:
    libc.unshare(0x10000000)
    libc.umount2(b'/proc', 2)
    libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)
