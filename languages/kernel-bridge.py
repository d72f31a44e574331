"""Jupyter kernels as lines of JSON: the program beside the kernels of a session.

One line of standard input is one thing to do, one line of standard output one event; docs/sessions.md has both. Messages of a kernel
are passed on as they are. Nothing here decides anything: it runs in the session, where nobody believes it.

Only pyzmq is used: what jupyter_client adds to it would cost each session 20 MiB.
"""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time

import zmq

RUN_FOLDER = '/run/kernels'
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')
# Beyond it the content of a message is left out, in bytes of JSON.
MAX_CONTENT = 8 * 1024 * 1024
READ_BYTES = 65536
# How often a kernel that starts is asked whether it hears and is heard.
ASK_SECONDS = 0.02
RECONNECT_MS = 10
VERSION = '5.3'


def say(event, **fields):
    line = json.dumps({'event': event, **fields}, ensure_ascii=False, separators=(',', ':'))
    rest = memoryview(line.encode('utf-8', 'replace') + b'\n')
    while rest:
        rest = rest[os.write(1, rest) :]


def random_id():
    return os.urandom(16).hex()


class Kernel:
    def __init__(self, context, order, number, poller, zmq_context):
        self.context = context
        self.key = random_id().encode()
        self.session = random_id()
        self.interrupt_mode = order.get('interrupt', 'signal')
        self.heard = set()
        self.ready = False
        self.stopping = False
        self.asked_at = 0.0
        os.makedirs(RUN_FOLDER, exist_ok=True)
        base = f'{RUN_FOLDER}/{number}'
        self.files = [f'{base}.json'] + [f'{base}-{port}' for port in range(1, 6)]
        ports = {f'{channel}_port': port for port, channel in enumerate(CHANNELS, 1)}
        with open(f'{base}.json', 'w', encoding='utf-8') as file:
            json.dump(
                {
                    'transport': 'ipc',
                    'ip': base,
                    'key': self.key.decode(),
                    'signature_scheme': 'hmac-sha256',
                    'kernel_name': context,
                    **ports,
                },
                file,
            )
        argv = [part.replace('{connectionFile}', f'{base}.json') for part in order['argv']]
        self.process = subprocess.Popen(
            argv,
            env={**order['env'], 'JPY_PARENT_PID': str(os.getpid())},
            cwd=order.get('cwd', '/job'),
            stdin=subprocess.DEVNULL,
            stdout=2,
            stderr=2,
            start_new_session=True,
        )
        self.pidfd = os.pidfd_open(self.process.pid)
        self.poller = poller
        poller.register(self.pidfd, zmq.POLLIN)
        self.sockets = {}
        for port, channel in enumerate(CHANNELS[:4], 1):
            socket = zmq_context.socket(zmq.SUB if channel == 'iopub' else zmq.DEALER)
            socket.linger = 0
            socket.sndhwm = socket.rcvhwm = 100_000
            socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
            socket.setsockopt(zmq.IDENTITY, self.session.encode())
            if channel == 'iopub':
                socket.subscribe(b'')
            socket.connect(f'ipc://{base}-{port}')
            poller.register(socket, zmq.POLLIN)
            self.sockets[channel] = socket

    def send(self, channel, kind, message_id, content, metadata=None, buffers=(), parent=None):
        header = {
            'msg_id': message_id,
            'msg_type': kind,
            'session': self.session,
            'username': 'runyard',
            'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
            'version': VERSION,
        }
        frames = [json.dumps(part).encode() for part in (header, parent or {}, metadata or {}, content)]
        signature = hmac.new(self.key, digestmod=hashlib.sha256)
        for frame in frames:
            signature.update(frame)
        self.sockets[channel].send_multipart([b'<IDS|MSG>', signature.hexdigest().encode(), *frames, *buffers])

    def ask(self):
        """While it starts: a reply shows that it hears, a status that it is heard."""
        now = time.monotonic()
        if not self.ready and now - self.asked_at >= ASK_SECONDS and (self.asked_at == 0 or self.heard):
            self.asked_at = now
            self.send('shell', 'kernel_info_request', 'ready', {})

    def take(self, channel):
        frames = self.sockets[channel].recv_multipart(zmq.NOBLOCK)
        at = frames.index(b'<IDS|MSG>')
        header, parent, metadata, content = (json.loads(frame) for frame in frames[at + 2 : at + 6])
        parent_id = parent.get('msg_id')
        if parent_id == 'ready' or (parent_id is None and not self.ready):
            self.heard.add(channel)
            if channel == 'shell' and not self.ready:
                self.info = content
            if {'shell', 'iopub'} <= self.heard and not self.ready:
                self.ready = True
                say('ready', context=self.context, pid=self.process.pid, info=self.info, session=self.session)
            return
        message = {
            'context': self.context,
            'channel': channel,
            'type': header.get('msg_type'),
            'id': header.get('msg_id'),
            'parent': parent_id,
            'content': content,
            'metadata': metadata,
        }
        size = len(frames[at + 5])
        if size > MAX_CONTENT:
            message.update(content={}, metadata={}, omitted=size)
        elif len(frames) > at + 6 and sum(map(len, frames[at + 6 :])) + size <= MAX_CONTENT:
            message['buffers'] = [base64.b64encode(frame).decode() for frame in frames[at + 6 :]]
        say('message', **message)

    def interrupt(self):
        if self.interrupt_mode == 'message':
            self.send('control', 'interrupt_request', random_id(), {})
        else:
            os.killpg(self.process.pid, signal.SIGINT)

    def stop(self):
        self.stopping = True
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self):
        code = self.process.wait()
        self.poller.unregister(self.pidfd)
        os.close(self.pidfd)
        for socket in self.sockets.values():
            self.poller.unregister(socket)
            socket.close()
        for file in self.files:
            try:
                os.unlink(file)
            except FileNotFoundError:
                pass
        ended = {'code': code, 'signal': None} if code >= 0 else {'code': None, 'signal': -code}
        say('died', context=self.context, asked=self.stopping, wasReady=self.ready, **ended)


class Bridge:
    def __init__(self):
        self.zmq_context = zmq.Context()
        self.poller = zmq.Poller()
        self.poller.register(0, zmq.POLLIN)
        self.kernels = {}
        self.started = 0
        self.rest = b''

    def obey(self, line):
        order = json.loads(line)
        context = order['context']
        kernel = self.kernels.get(context)
        if order['do'] == 'start':
            self.started += 1
            try:
                self.kernels[context] = Kernel(context, order, self.started, self.poller, self.zmq_context)
            except OSError as error:
                say('failed', context=context, detail=str(error))
        elif kernel is None:
            return
        elif order['do'] == 'send':
            buffers = [base64.b64decode(text) for text in order.get('buffers', [])]
            kernel.send(
                order['channel'],
                order['type'],
                order['id'],
                order['content'],
                order.get('metadata'),
                buffers,
                order.get('parent'),
            )
        elif order['do'] == 'interrupt':
            kernel.interrupt()
        elif order['do'] == 'stop':
            kernel.stop()

    def read_orders(self):
        piece = os.read(0, READ_BYTES)
        if not piece:
            raise SystemExit(0)
        *lines, self.rest = (self.rest + piece).split(b'\n')
        for line in lines:
            self.obey(line)

    def turn(self):
        starting = any(not kernel.ready for kernel in self.kernels.values())
        for kernel in self.kernels.values():
            kernel.ask()
        ready = dict(self.poller.poll(ASK_SECONDS * 1000 if starting else None))
        for context, kernel in list(self.kernels.items()):
            # What it said last comes before its end.
            for channel, socket in kernel.sockets.items():
                if socket in ready:
                    try:
                        while True:
                            kernel.take(channel)
                    except zmq.Again:
                        pass
                    except (ValueError, KeyError, TypeError, AttributeError) as error:
                        print(f'a message that is none: {error}', file=sys.stderr)
            if kernel.pidfd in ready:
                del self.kernels[context]
                kernel.close()
        if 0 in ready:
            self.read_orders()


def main():
    bridge = Bridge()
    say('bridge', version=1)
    try:
        while True:
            bridge.turn()
    finally:
        for kernel in bridge.kernels.values():
            kernel.stop()


if __name__ == '__main__':
    main()
