import array
import errno
import fcntl
import os

# Attributes that would keep a file from being removed, and folders nobody may enter.
def attempt(name, act):
    try:
        act()
        print(name, 'set')
    except OSError as error:
        print(name, errno.errorcode[error.errno])


def flag(value):
    fcntl.ioctl(os.open('file', os.O_RDONLY), 0x40086602, array.array('l', [value]))


open('file', 'w').close()
attempt('immutable', lambda: flag(0x10))
attempt('append only', lambda: flag(0x20))
attempt('user attribute', lambda: os.setxattr('file', 'user.trace', b'x' * 1000))
attempt('trusted attribute', lambda: os.setxattr('file', 'trusted.trace', b'x'))
attempt('capabilities', lambda: os.setxattr('file', 'security.capability', b'\1\0\0\2' + b'\xff' * 16))
attempt('owner', lambda: os.chown('file', 0, 0))
attempt('setuid', lambda: os.chmod('file', 0o6777))
attempt('sticky folder', lambda: os.mkdir('/tmp/sticky', 0o1000))
attempt('seal', lambda: fcntl.fcntl(os.open('file', os.O_RDWR), 1033, 15))
for depth in range(30):
    os.mkdir('closed')
    fd = os.open('closed', os.O_RDONLY)
    os.chmod('closed', 0)
    try:
        os.fchdir(fd)
    except OSError:
        os.chmod('closed', 0o700)
        os.chdir('closed')
print('left')
