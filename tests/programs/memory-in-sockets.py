import errno
import socket

full = 0
kept = []
try:
    while True:
        pair = socket.socketpair()
        kept.append(pair)
        pair[0].setblocking(False)
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
        try:
            while True:
                full += pair[0].send(b'x' * 65536)
        except BlockingIOError:
            pass
except OSError as error:
    print('below 128 MiB:', full < 128 << 20, errno.errorcode[error.errno])
