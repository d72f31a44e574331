import ctypes
import errno
import os
import signal
import socket
import time

# The neighbour runs at this moment. Whatever is found of it is printed.
WORD = b'neighbours-' + b'secret-word'
libc = ctypes.CDLL(None, use_errno=True)
found = set()


def read(path):
    try:
        with open(path, 'rb') as file:
            return file.read(1 << 16)
    except OSError:
        return b''


end = time.monotonic() + 0.3
while time.monotonic() < end:
    for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run', '/dev/mqueue', '/proc/1/root', '/proc/1/cwd'):
        try:
            if os.path.exists(f'{folder}/{WORD.decode()}'):
                found.add(folder)
        except OSError:
            pass
    for name in os.listdir('/proc'):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            found.add('a process')
        if name.isdigit() and int(name) != os.getpid():
            for file in ('cmdline', 'environ', 'comm', 'maps', 'mountinfo'):
                if WORD in read(f'/proc/{name}/{file}'):
                    found.add(f'/proc/{name}/{file}')
    for file in ('net/unix', 'net/tcp', 'net/tcp6', 'locks', 'sysvipc/shm', 'sysvipc/sem', 'sysvipc/msg', 'keys'):
        if len(read(f'/proc/{file}').splitlines()) > 1:
            found.add(f'/proc/{file}')
for name, act in (
    ('shared memory', lambda: libc.shmget(0x5EC2, 0, 0)),
    ('semaphores', lambda: libc.semget(0x5EC2, 0, 0)),
    ('messages', lambda: libc.msgget(0x5EC2, 0)),
    ('queue', lambda: libc.mq_open(b'/secret', os.O_RDONLY)),
):
    if act() >= 0:
        found.add(name)
for name, family, address in (('abstract socket', socket.AF_UNIX, '\0secret'), ('port', socket.AF_INET, ('127.0.0.1', 7171))):
    if socket.socket(family).connect_ex(address) != errno.ECONNREFUSED:
        found.add(name)
try:
    os.kill(-1, signal.SIGKILL)
    found.add('somebody to kill')
except OSError:
    pass
for pid in range(2, 2000):
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGTERM)
            found.add('somebody to end')
        except OSError:
            pass
print('found:', sorted(found))
