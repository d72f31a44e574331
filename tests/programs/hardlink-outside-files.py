import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH = -100, 0x400, 0x1000


def attempt(name, act):
    try:
        act()
        print(name, 'linked')
    except OSError as error:
        print(name, errno.errorcode[error.errno])


def linkat(path, flags, folder=AT_FDCWD):
    if libc.linkat(folder, path, AT_FDCWD, b'/job/link', flags) < 0:
        raise OSError(ctypes.get_errno(), '')


for path in ('/etc/passwd', '/etc/shadow', '/usr/bin/env', '/etc/hosts', '/proc/1/status', '/dev/null', '/dev/stdout'):
    attempt(path, lambda: os.link(path, '/job/link', follow_symlinks=False))
attempt('own program through /proc', lambda: linkat(b'/proc/self/exe', AT_SYMLINK_FOLLOW))
attempt('standard output through /proc', lambda: linkat(b'/proc/self/fd/1', AT_SYMLINK_FOLLOW))
attempt('a descriptor', lambda: linkat(b'', AT_EMPTY_PATH, os.open('/etc/passwd', os.O_RDONLY)))
print('left:', os.listdir('/job'))
