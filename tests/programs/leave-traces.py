import ctypes
import os
import socket
import time

libc = ctypes.CDLL(None, use_errno=True)


def trace(name, act):
    try:
        done = act()
        print(name, 'refused' if done is not None and done < 0 else 'left')
    except OSError:
        print(name, 'refused')


def file(path):
    with open(path, 'w') as out:
        out.write('trace')


for place in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run', '/dev/mqueue'):
    trace(f'{place}/trace', lambda: file(f'{place}/trace'))
trace('hidden file', lambda: file('/tmp/.trace'))
trace('fifo', lambda: os.mkfifo('/tmp/fifo'))
trace('shared memory', lambda: libc.shmget(0x7ace, 4096, 0o1666))
trace('semaphores', lambda: libc.semget(0x7ace, 1, 0o1666))
trace('messages', lambda: libc.msgget(0x7ace, 0o1666))
trace('posix queue', lambda: libc.mq_open(b'/trace', os.O_CREAT | os.O_RDWR, 0o666, None))
trace('posix semaphore', lambda: file('/dev/shm/sem.trace'))
trace('host name', lambda: libc.sethostname(b'trace', 5))
keeper = socket.socket(socket.AF_UNIX)
trace('abstract socket', lambda: keeper.bind('\0trace'))
trace('port', lambda: socket.socket().bind(('127.0.0.1', 7777)))
if os.fork() == 0:
    os.setsid()
    time.sleep(3600)
print('process left')
