import errno
import fcntl
import socket
import struct

# The cell's network is its own, but a program may not even change that.
route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


def ask(name, kind, flags, body):
    route.send(struct.pack('=IHHII', 16 + len(body), kind, flags | 5, 1, 0) + body)
    code = struct.unpack_from('=i', route.recv(4096), 16)[0]
    print(name, errno.errorcode[-code] if code < 0 else 'done')


kind = b'\x12\x00\x01\x00'
ask('lo down', 16, 0, struct.pack('=BxHiII', 0, 0, 1, 0, 1))
ask('new link', 16, 0x600, struct.pack('=BxHiII', 0, 0, 0, 0, 0) + struct.pack('=HH4s', 12, 18, b'') + struct.pack('=HH4s', 9, 1, b'dumm'))
ask('new address', 20, 0x600, struct.pack('=BBBBI', 2, 8, 0, 0, 1) + struct.pack('=HH4s', 8, 2, b'\x0a\0\0\1'))
ask('new route', 24, 0x600, struct.pack('=BBBBBBBBI', 2, 0, 0, 0, 254, 3, 253, 1, 0) + struct.pack('=HHI', 8, 4, 1))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for name, option in (('SO_MARK', 36), ('SO_BINDTODEVICE', 25), ('SO_RCVBUFFORCE', 33), ('SO_PRIORITY', 12)):
    try:
        udp.setsockopt(socket.SOL_SOCKET, option, b'eth0\0' if option == 25 else struct.pack('i', 7))
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])
for name, act in (
    ('port 80', lambda: socket.socket().bind(('127.0.0.1', 80))),
    ('interface down', lambda: fcntl.ioctl(udp, 0x8914, struct.pack('16sh22x', b'lo', 0))),
):
    try:
        act()
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])
