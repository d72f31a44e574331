import ctypes
import errno
import fcntl
import os
import socket
import struct

# What the whole machine has one of.
libc = ctypes.CDLL(None, use_errno=True)


def name(result):
    return errno.errorcode[ctypes.get_errno()] if result < 0 else 'ok'


def option(number, value):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).setsockopt(socket.SOL_SOCKET, number, value)
        return 'ok'
    except OSError as error:
        return errno.errorcode[error.errno]


code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0xFFFF))
filter_ = struct.pack('HxxxxxxQ', 1, ctypes.addressof(code))
print('socket filter', option(26, filter_), option(51, filter_))
print('system call filter', name(libc.prctl(22, 2, filter_, 0, 0)), name(libc.syscall(317, 1, 0, filter_)))
libc.mmap.restype = ctypes.c_long
print('huge pages', name(libc.mmap(None, 2 << 20, 3, 0x40022, -1, 0)), name(libc.memfd_create(b'x', 4)))
os.sync()
image = os.open('/usr/bin/env', os.O_RDONLY)
os.posix_fadvise(image, 0, 0, os.POSIX_FADV_DONTNEED)
print('sync and advice ok')
null = os.open('/dev/null', os.O_RDWR)
fcntl.fcntl(null, fcntl.F_SETLK, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 1, 0))
print('locked', len(open('/proc/locks').read()))
files = ('stat', 'loadavg', 'vmstat', 'zoneinfo', 'sys/fs/file-nr', 'sys/kernel/random/boot_id')
before = [open('/proc/' + file).read() for file in files]
for _ in range(50):
    os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)
print('changed', [file for file, text in zip(files, before) if open('/proc/' + file).read() != text])
print('interfaces', socket.if_nameindex(), os.cpu_count() > 0)
