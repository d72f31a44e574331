import socket
import struct
import sys
import time

# What lies unread in sockets is memory of the kernel. Each kind is filled as far as it goes, and held.
kind = sys.argv[1]
loopback = ('127.0.0.1', 0)
held = []


def netlink():
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    held.append(one)
    # A request that is refused is sent back whole.
    body = bytes(15000)
    request = (16 + len(body)).to_bytes(4, sys.byteorder) + b'\x10\0\5\0' + bytes(8) + body
    for _ in range(100):
        one.send(request, socket.MSG_DONTWAIT)


def udp():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    one.bind(loopback)
    one.setblocking(False)
    held.append(one)
    for _ in range(20):
        one.sendto(bytes(60000), one.getsockname())


def tcp():
    server = socket.create_server(loopback)
    client = socket.create_connection(server.getsockname(), timeout=1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    client.setblocking(False)
    held.extend((server, client, server.accept()[0]))
    for _ in range(100):
        client.send(bytes(65536))


def datagrams(*options):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in options:
        one.setsockopt(*option)
    one.setblocking(False)
    held.append(one)
    return one


# Each answer of a port that nobody listens at is kept until it is read.
def errors():
    one = datagrams((socket.IPPROTO_IP, 11, 1))
    for _ in range(400):
        try:
            one.sendto(bytes(1000), ('127.0.0.1', 9))
        except ConnectionRefusedError:
            pass


# So is a copy of each datagram, with the time, where a control message of the same number as the option asks for it.
def timestamps():
    one = datagrams()
    for _ in range(400):
        one.sendmsg([bytes(1000)], [(socket.SOL_SOCKET, 37, struct.pack('I', 0x102))], 0, ('127.0.0.1', 9))


# A datagram of which there is more to come.
def unsent():
    one = datagrams()
    one.connect(('127.0.0.1', 9))
    for _ in range(60):
        one.send(bytes(1000), socket.MSG_MORE)


# What is sent to who never accepts counts as nobody's memory until then.
def unaccepted():
    with open('/proc/sys/net/core/somaxconn') as most:
        waiting = int(most.read())
    server = socket.create_server(('127.0.0.1', 0), backlog=waiting)
    held.append(server)
    for _ in range(waiting + 1):
        client = socket.create_connection(server.getsockname(), timeout=1)
        client.setblocking(False)
        try:
            for _ in range(100):
                client.send(bytes(65536))
        except BlockingIOError:
            pass


fill = {
    'netlink': netlink,
    'udp': udp,
    'tcp': tcp,
    'unaccepted': unaccepted,
    'errors': errors,
    'timestamps': timestamps,
    'unsent': unsent,
}[kind]
until = time.monotonic() + 3
while time.monotonic() < until:
    try:
        fill()
    except BlockingIOError:
        pass
    except OSError:
        break
print('full', flush=True)
time.sleep(1)
