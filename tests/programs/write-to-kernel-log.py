import ctypes
import os
import signal
import socket
import struct
import sys

# What the kernel tells its log of programs, with the name that they chose.
name, port = sys.argv[1].encode(), int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)


def in_child(attempt):
    pid = os.fork()
    if pid == 0:
        libc.prctl(15, name, 0, 0, 0)
        try:
            attempt()
        except OSError:
            pass
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def fault():
    ctypes.string_at(0x10)


def log_calls():
    # A filter that logs each getppid.
    code = struct.pack('HBBI', 0x20, 0, 0, 0) + struct.pack('HBBI', 0x15, 0, 1, 110)
    code += struct.pack('HBBI', 6, 0, 0, 0x7FFC0000) + struct.pack('HBBI', 6, 0, 0, 0x7FFF0000)
    held = ctypes.create_string_buffer(code)
    libc.prctl(22, 2, struct.pack('HxxxxxxQ', 4, ctypes.addressof(held)), 0, 0)
    for _ in range(100):
        libc.getppid()


def shift_operand():
    word = ctypes.c_int(0)
    at = ctypes.addressof(word)
    operation = ctypes.c_uint(8 << 28 | 63 << 12)
    for _ in range(20):
        libc.syscall(202, ctypes.c_void_p(at), 5, 1, ctypes.c_void_p(1), ctypes.c_void_p(at), operation)


def flood():
    # A connection that is not complete until data comes.
    server = socket.socket()
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    server.bind(('127.0.0.1', port))
    server.listen(1)
    held = []
    for _ in range(20):
        held.append(socket.socket())
        held[-1].setblocking(False)
        held[-1].connect_ex(server.getsockname())


def obsolete_option():
    socket.socket().setsockopt(socket.SOL_SOCKET, 14, 1)


print('fault', signal.Signals(os.WTERMSIG(in_child(fault))).name)
for attempt in (log_calls, shift_operand, flood, obsolete_option):
    in_child(attempt)
print('tried')
