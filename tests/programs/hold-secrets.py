import ctypes
import mmap
import os
import signal
import socket
import sys

# A neighbour with something to lose in every place two jobs might share; asked to leave, it tells whether all is still there.
WORD = 'neighbours-secret-word'
libc = ctypes.CDLL(None, use_errno=True)
places = [f'{folder}/{WORD}' for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run')]
for path in places:
    with open(path, 'w') as file:
        file.write(WORD)
shared = libc.shmget(0x5EC2, 4096, 0o1666)
libc.semget(0x5EC2, 1, 0o1666)
libc.msgget(0x5EC2, 0o1666)
libc.mq_open(b'/secret', os.O_CREAT | os.O_RDWR, 0o666, None)
named = socket.socket(socket.AF_UNIX)
named.bind('\0secret')
named.listen()
server = socket.socket()
server.bind(('127.0.0.1', 7171))
server.listen()
memory = mmap.mmap(-1, 4096)
memory.write(WORD.encode())
children = [os.fork() for _ in range(1)]
if children[0] == 0:
    signal.pause()


def leave(*_):
    whole = all(open(path).read() == WORD for path in places)
    segment = libc.shmget(0x5EC2, 0, 0) == shared
    server.settimeout(0.01)
    try:
        server.accept()
        visited = True
    except OSError:
        visited = False
    print('whole' if whole and segment else 'harmed', 'visited' if visited else 'alone', flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, leave)
print('ready', flush=True)
while True:
    signal.pause()
