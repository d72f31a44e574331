import errno
import fcntl
import os
import socket
import struct
import threading
import time

# Locks of parts of files are memory of the kernel that counts as nobody's.
FILES, PARTS = 32, 1000


def lock(number, command=fcntl.F_SETLK, at=0):
    try:
        fcntl.fcntl(number, command, struct.pack('hhqqi', fcntl.F_WRLCK, 0, at, 1, 0))
        return 'ok'
    except OSError as error:
        return errno.errorcode[error.errno]


def fill():
    held = []
    for file in range(FILES):
        held.append(os.open(str(file), os.O_RDWR | os.O_CREAT))
        for part in range(PARTS, 0, -1):
            if (said := lock(held[-1], at=2 * part)) != 'ok':
                return said, file * PARTS + PARTS - part, held
    return 'never', FILES * PARTS, held


said, count, held = fill()
print('refused', said, count < 16_000)
for number in held:
    os.close(number)
number = os.open('0', os.O_RDWR)
while lock(number) != 'ok':
    time.sleep(0.01)
print('after closing ok')
reader = os.fork()
if reader == 0:
    thread = threading.Thread(target=lock, args=(os.open('0', os.O_RDWR), fcntl.F_SETLKW))
    thread.start()
    thread.join()
    os._exit(0)
os.close(number)
print('waited', os.waitpid(reader, 0)[1])
number = os.open('0', os.O_RDWR)
print('of an open file', lock(number, 37), lock(number, 38))
try:
    fcntl.fcntl(os.open('/usr/bin', os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_ACCESS)
except OSError as error:
    print('watch', errno.errorcode[error.errno])
try:
    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).setsockopt(socket.IPPROTO_IPV6, 32, bytes(32))
except OSError as error:
    print('label', errno.errorcode[error.errno])
