"""Stands for pyzmq: kernels are silent while they live, and their channel iopub is full once they have ended.

The environment has it all: PID_FILE holds the id of the kernel's process, MESSAGES says how many there are, without which there is no end,
and CONTENT in hexadecimal what each of them has.
"""

import itertools
import json
import os
import select

SUB, DEALER, RECONNECT_IVL, IDENTITY, POLLIN, NOBLOCK = range(6)
HEADER = json.dumps({'msg_type': 'stream', 'msg_id': 'm'}).encode()
# Much to take, and little to pass on.
CONTENT = bytes.fromhex(os.environ.get('CONTENT', '')) or b'{' + b' ' * 65536 + b'}'
MESSAGE = [b'<IDS|MSG>', b'', HEADER, b'{"msg_id": "p"}', b'{}', CONTENT]
numbers = itertools.count()


class Again(Exception):
    pass


def has_ended():
    with open(os.environ['PID_FILE'], encoding='utf-8') as file:
        pid = file.read().strip()
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
            return file.read().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True


class Socket:
    def __init__(self, kind):
        self.kind = kind

    def ignore(self, *_):
        pass

    setsockopt = subscribe = connect = send_multipart = close = ignore

    def recv_multipart(self, _):
        if self.kind != SUB or not has_ended() or next(numbers) >= float(os.environ.get('MESSAGES', 'inf')):
            raise Again
        return MESSAGE


class Context:
    def socket(self, kind):
        return Socket(kind)


class Poller:
    """Waits for descriptors only."""

    def __init__(self):
        self.descriptors = select.poll()

    def register(self, what, events):
        if not isinstance(what, Socket):
            self.descriptors.register(what, events)

    def unregister(self, what):
        if not isinstance(what, Socket):
            self.descriptors.unregister(what)

    def poll(self, timeout):
        return self.descriptors.poll(timeout)
