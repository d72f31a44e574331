import fcntl
import os
import socket
import threading

# One process in each kind of wait: a FIFO nobody opens, a lock nobody gives back, a connection nobody takes, a lost mutex.
os.mkfifo('fifo')
lock = open('lock', 'w')
fcntl.flock(lock, fcntl.LOCK_EX)
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
mutex = threading.Lock()
mutex.acquire()
waits = [
    lambda: os.open('fifo', os.O_RDONLY),
    lambda: fcntl.flock(open('lock', 'w'), fcntl.LOCK_EX),
    lambda: [socket.create_connection(server.getsockname()) for _ in iter(int, 1)],
    mutex.acquire,
]
for wait in waits:
    if os.fork() == 0:
        wait()
        os._exit(0)
print('waiting')
