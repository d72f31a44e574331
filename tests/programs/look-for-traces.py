import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
for place in ('/tmp', '/var/tmp', '/dev/shm', '/run', '/dev/mqueue', '/job'):
    print(place, os.listdir(place))
print('shared memory', libc.shmget(0x7ace, 0, 0))
print('semaphores', libc.semget(0x7ace, 0, 0))
print('messages', libc.msgget(0x7ace, 0))
print('posix queue', libc.mq_open(b'/trace', os.O_RDONLY))
print('host name', socket.gethostname())
socket.socket(socket.AF_UNIX).bind('\0trace')
socket.socket().bind(('127.0.0.1', 7777))
print('processes', sorted(int(name) for name in os.listdir('/proc') if name.isdigit()) == [1, os.getpid()])
