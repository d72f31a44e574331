import ctypes
import errno
import os

with open('data', 'wb') as file:
    file.write(b'0123456789' * 1000)
fd = os.open('data', os.O_RDONLY)
print('sendfile', os.sendfile(2, fd, 0, 10_000), flush=True)
print('splice', os.splice(fd, 1, 5, offset_src=5), flush=True)
reader, writer = os.pipe()
os.write(writer, b'teed\n')
libc = ctypes.CDLL(None, use_errno=True)
print('', flush=True)
print('tee', libc.tee(reader, 1, 5, 0), flush=True)
print('vmsplice', libc.vmsplice(1, None, 0, 0), errno.errorcode[ctypes.get_errno()])
