import array
import errno
import os
import socket

# Descriptors that are under way in a socket count for nobody's table. Each message carries the socket before it.
held = 0
null = os.open('/dev/null', os.O_RDONLY)
try:
    while True:
        left, right = socket.socketpair()
        left.setblocking(False)
        try:
            while True:
                left.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [null] * 200))])
                held += 200
        except BlockingIOError:
            pass
        left.close()
        null = right.detach()
except OSError as error:
    print('below 2000:', held < 2000, errno.errorcode[error.errno])
