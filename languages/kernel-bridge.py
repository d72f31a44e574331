"""Jupyter kernels as lines of JSON: the program beside the kernels of a session.

One line of standard input is one thing to do, one line of standard output one event; docs/sessions.md has both. Messages of a kernel
are passed on as they are. Nothing here decides anything: it runs in the session, where nobody believes it.

Only pyzmq is used: what jupyter_client adds to it would cost each session 20 MiB. Kernels with `protocol` `lines` need not even that.
"""

import base64
import codecs
import hashlib
import hmac
import json
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time

try:
    import zmq
except ModuleNotFoundError:
    zmq = None

RUN_FOLDER = '/run/kernels'
RESULTS = ('execute_result', 'display_data')
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')
# Beyond it the content of a message is left out, in bytes of JSON; of text that is printed so much is passed on,
MAX_CONTENT = 8 * 1024 * 1024
# and so much of a result as plain text, which others are to have room beside.
MAX_PLAIN = 1024 * 1024
# Both are cut behind a piece of so many characters.
PIECE_CHARACTERS = 65536
# A longer line of a kernel is left out.
MAX_LINE = 16 * 1024 * 1024
# What is said in one line: numbers can be longer than they came, and the worker takes no line beyond 24 MiB.
MAX_SAID = 16 * 1024 * 1024
READ_BYTES = 65536
MOST_UNWRITTEN = 65536
# What waits for either end of a channel, and is passed on in one turn, in messages.
MOST_WAITING = 100_000
MESSAGES_A_TURN = 1000
# What a kernel that has ended by itself left in its channels is passed on up to so many bytes, each message counted as MESSAGE_BYTES more.
MOST_LEFT = 256 * 1024 * 1024
MESSAGE_BYTES = 1024
# How often a kernel that starts is asked whether it hears and is heard.
ASK_SECONDS = 0.02
# What a kernel runs before it is ready may take so long; then it is ready all the same, and goes on with that.
WARM_UP_SECONDS = 20
RECONNECT_MS = 10
# So long what tells little by itself waits for what follows, in milliseconds.
WAIT_MS = 2
# Where kernels listen that know no sockets in files. Connections get ports of their own from 32768 on: one that is tried before its kernel listens
# would at last be given the port that it goes to, and hold it.
TCP_ADDRESS = '127.0.0.1'
TCP_PORTS = range(20_000, 32_000)
VERSION = '5.3'


def line_of(event, **fields):
    """Raises ValueError for what is no JSON: NaN and infinite numbers."""
    line = json.dumps({'event': event, **fields}, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
    return line.encode('utf-8', 'replace') + b'\n'


class Output:
    """What is said in one turn is written in one piece: each piece wakes three processes on its way. What can wait goes with what follows."""

    def __init__(self):
        self.lines = []
        self.size = 0
        self.can_wait = True
        self.written_by = 0.0

    def add(self, line, can_wait=False):
        if len(line) > MAX_SAID:
            raise ValueError(f'{len(line)} bytes in one line')
        if not self.lines:
            self.written_by = time.monotonic() + WAIT_MS / 1000
        self.lines.append(line)
        self.size += len(line)
        self.can_wait = self.can_wait and can_wait
        if self.size > MOST_UNWRITTEN:
            self.flush()

    def is_waiting(self):
        """Whether all that there is can wait for more, and has not waited long."""
        return bool(self.lines) and self.can_wait and time.monotonic() < self.written_by

    def flush(self):
        rest = memoryview(b''.join(self.lines))
        self.lines.clear()
        self.size = 0
        self.can_wait = True
        while rest:
            rest = rest[os.write(1, rest) :]


output = Output()


def say(event, **fields):
    output.add(line_of(event, **fields))


def beginning(text, most):
    """As many pieces of a text as have at most so many bytes of JSON."""
    size = 0
    for at in range(0, len(text), PIECE_CHARACTERS):
        piece = json.dumps(text[at : at + PIECE_CHARACTERS], ensure_ascii=False)
        size += len(piece.encode('utf-8', 'replace'))
        if size > most:
            return text[:at]
    return text


def shortened(kind, content):
    """What is passed on of a content that is too large."""
    text = content.get('text')
    if kind == 'stream' and isinstance(text, str):
        return {'name': 'stderr' if content.get('name') == 'stderr' else 'stdout', 'text': beginning(text, MAX_CONTENT)}
    data = content.get('data')
    plain = data.get('text/plain') if isinstance(data, dict) else None
    if kind in RESULTS and isinstance(plain, str):
        return {'data': {'text/plain': beginning(plain, MAX_PLAIN)}}
    return {}


def can_wait(kind, content):
    """Whether a message is sure to be followed by another of the same execution, and nobody acts on it alone."""
    return kind == 'execute_input' or kind == 'status' and content.get('execution_state') == 'busy'


def say_message(size, content, metadata, **fields):
    """Passes on a message of a kernel, of so many bytes, shortened when it is too large. Raises ValueError when it is none."""
    if not all(isinstance(fields[name], str) for name in ('channel', 'type', 'id')):
        raise ValueError('its channel, type and id are not all texts')
    if not isinstance(content, dict) or not isinstance(metadata, dict):
        raise ValueError('its content and metadata are not both objects')
    if size <= MAX_CONTENT:
        line = line_of('message', **fields, content=content, metadata=metadata)
        if len(line) <= MAX_SAID:
            return output.add(line, can_wait(fields['type'], content))
    fields.pop('buffers', None)
    say('message', **fields, content=shortened(fields['type'], content), metadata={}, omitted=size)


def note(error):
    print(f'a message that is none: {type(error).__name__}: {error}', file=sys.stderr)


def json_of(said):
    """What a kernel said. Bytes that are no UTF-8 cost their characters and nothing else: names of files can have some."""
    return json.loads(said.decode('utf-8', 'replace'))


class Lines:
    """Cuts what comes in pieces into lines, of which those of more than `most` bytes are left out."""

    def __init__(self, most=math.inf):
        self.most = most
        # What came of the line that has not ended, and how much of it was let go.
        self.rest = bytearray()
        self.let_go = 0

    def cut(self, piece):
        """The lines that end with this piece; for one that is too long its length."""
        *ends, rest = piece.split(b'\n')
        lines = []
        for end in ends:
            self.keep(end)
            lines.append(self.let_go or bytes(self.rest))
            self.rest.clear()
            self.let_go = 0
        self.keep(rest)
        return lines

    def keep(self, part):
        if self.let_go or len(self.rest) + len(part) > self.most:
            self.let_go += len(self.rest) + len(part)
            self.rest.clear()
        else:
            self.rest += part


def has_orders():
    """Whether something has come that is to be done."""
    return bool(select.select([0], [], [], 0)[0])


def free_ports(count, first):
    """Ports at which nobody listens, from the one of that number on. Raises OSError when there are too few."""
    found = []
    for index in range(len(TCP_PORTS)):
        port = TCP_PORTS[(first + index) % len(TCP_PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((TCP_ADDRESS, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f'there are no {count} free ports for it')


def random_id():
    return os.urandom(16).hex()


class Kernel:
    """The process of a kernel, and what is the same however it is spoken to."""

    def __init__(self, context, order, poller, connection_file='', **streams):
        self.context = context
        self.interrupt_mode = order.get('interrupt', 'signal')
        self.ready = False
        self.stopping = False
        # Its process has ended.
        self.is_over = False
        self.poller = poller
        argv = [part.replace('{connectionFile}', connection_file) for part in order['argv']]
        self.process = subprocess.Popen(
            argv,
            env={**order['env'], 'JPY_PARENT_PID': str(os.getpid())},
            cwd=order.get('cwd', '/job'),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **streams,
        )
        self.pidfd = os.pidfd_open(self.process.pid)
        poller.register(self.pidfd, select.POLLIN)

    def be_ready(self, info, session):
        if not isinstance(info, dict):
            raise ValueError('what it says of itself is no object')
        say('ready', context=self.context, pid=self.process.pid, info=info, session=session)
        self.ready = True

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

    def is_drained(self):
        """Asked once it has ended, in each turn until it is so."""
        return True

    def close(self):
        code = self.process.wait()
        self.poller.unregister(self.pidfd)
        os.close(self.pidfd)
        try:
            self.close_streams()
        except Exception as error:
            note(error)
        ended = {'code': code, 'signal': None} if code >= 0 else {'code': None, 'signal': -code}
        say('died', context=self.context, asked=self.stopping, wasReady=self.ready, **ended)


class JupyterKernel(Kernel):
    def __init__(self, context, order, number, poller, zmq_context):
        self.key = random_id().encode()
        self.session = random_id()
        self.warm_up = order.get('warmUp')
        self.warming_since = None
        self.heard = set()
        self.asked_at = 0.0
        self.left = MOST_LEFT
        os.makedirs(RUN_FOLDER, exist_ok=True)
        # A kernel that has outlived its bridge may still listen where that one put it.
        base = f'{RUN_FOLDER}/{os.getpid()}-{number}'
        is_tcp = order.get('transport') == 'tcp'
        ports = free_ports(len(CHANNELS), number * len(CHANNELS)) if is_tcp else range(1, len(CHANNELS) + 1)
        self.files = [f'{base}.json'] + [f'{base}-{port}' for port in ports if not is_tcp]
        with open(f'{base}.json', 'w', encoding='utf-8') as file:
            json.dump(
                {
                    'transport': 'tcp' if is_tcp else 'ipc',
                    'ip': TCP_ADDRESS if is_tcp else base,
                    'key': self.key.decode(),
                    'signature_scheme': 'hmac-sha256',
                    'kernel_name': context,
                    **{f'{channel}_port': port for channel, port in zip(CHANNELS, ports)},
                },
                file,
            )
        super().__init__(context, order, poller, connection_file=f'{base}.json', stdout=2, stderr=2)
        self.sockets = {}
        for port, channel in zip(ports, CHANNELS[:4]):
            socket = zmq_context.socket(zmq.SUB if channel == 'iopub' else zmq.DEALER)
            socket.linger = 0
            socket.sndhwm = socket.rcvhwm = MOST_WAITING
            socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
            socket.setsockopt(zmq.IDENTITY, self.session.encode())
            if channel == 'iopub':
                socket.subscribe(b'')
            socket.connect(f'tcp://{TCP_ADDRESS}:{port}' if is_tcp else f'ipc://{base}-{port}')
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
        if self.ready:
            return
        now = time.monotonic()
        if self.warming_since is not None:
            if now - self.warming_since >= WARM_UP_SECONDS:
                self.warming_since = math.inf
                self.be_ready(self.info, self.session)
        elif now - self.asked_at >= ASK_SECONDS and (self.asked_at == 0 or self.heard):
            self.asked_at = now
            self.send('shell', 'kernel_info_request', 'ready', {})

    def begin(self):
        """It hears and is heard: it is ready once it has run what loads the most of it."""
        if self.warm_up is None:
            return self.be_ready(self.info, self.session)
        if self.warming_since is None:
            self.warming_since = time.monotonic()
            quiet = {'silent': True, 'store_history': False, 'allow_stdin': False, 'user_expressions': {}}
            self.send('shell', 'execute_request', 'warm-up', {'code': self.warm_up, **quiet})

    def take(self, channel):
        frames = self.sockets[channel].recv_multipart(zmq.NOBLOCK)
        if self.is_over:
            self.left -= sum(map(len, frames)) + MESSAGE_BYTES
        at = frames.index(b'<IDS|MSG>')
        header, parent, metadata, content = (json_of(frame) for frame in frames[at + 2 : at + 6])
        parent_id = parent.get('msg_id')
        if parent_id == 'warm-up':
            if header.get('msg_type') == 'execute_reply' and not self.ready:
                self.be_ready(self.info, self.session)
            return
        if parent_id == 'ready' or (parent_id is None and not self.ready):
            self.heard.add(channel)
            if channel == 'shell' and not self.ready:
                self.info = content
            if {'shell', 'iopub'} <= self.heard and not self.ready:
                self.begin()
            return
        message = {
            'context': self.context,
            'channel': channel,
            'type': header.get('msg_type'),
            'id': header.get('msg_id'),
            'parent': parent_id,
        }
        size = len(frames[at + 4]) + len(frames[at + 5])
        if len(frames) > at + 6 and sum(map(len, frames[at + 6 :])) + size <= MAX_CONTENT:
            message['buffers'] = [base64.b64encode(frame).decode() for frame in frames[at + 6 :]]
        say_message(size, content, metadata, **message)

    def take_next(self, channel):
        """Returns whether there was a message."""
        try:
            self.take(channel)
        except zmq.Again:
            return False
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            note(error)
        return True

    def receive(self, ready):
        # A kernel that speaks without end must not keep an interrupt waiting: what is left here comes with the next turn.
        for channel, socket in self.sockets.items():
            if socket in ready:
                for _ in range(MESSAGES_A_TURN):
                    if not self.take_next(channel) or has_orders():
                        break

    def is_drained(self):
        # All that it said comes before its end, unless somebody has asked for that. Orders are obeyed meanwhile, and who speaks in its place
        # is not listened to for ever.
        self.is_over = True
        for channel in self.sockets:
            for _ in range(MESSAGES_A_TURN):
                if self.stopping or self.left < 0:
                    return True
                if not self.take_next(channel):
                    break
                if has_orders():
                    return False
            else:
                return False
        return True

    def close_streams(self):
        for socket in self.sockets.values():
            self.poller.unregister(socket)
            socket.close()
        for file in self.files:
            try:
                os.unlink(file)
            except FileNotFoundError:
                pass


class LineKernel(Kernel):
    """A kernel whose messages are lines of JSON, on two descriptors that its environment names. Its output is passed on from here."""

    def __init__(self, context, order, number, poller, zmq_context):
        theirs_in, self.requests = os.pipe()
        self.messages, theirs_out = os.pipe()
        fds = {'RUNYARD_REQUESTS_FD': str(theirs_in), 'RUNYARD_MESSAGES_FD': str(theirs_out)}
        self.lines = Lines(MAX_LINE)
        self.parent = None
        # What it has not taken: a kernel that reads nothing must not keep the others waiting.
        self.waiting = b''
        try:
            super().__init__(
                context,
                {**order, 'env': {**order['env'], **fds}},
                poller,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs_in, theirs_out),
            )
        except BaseException:
            os.close(self.requests)
            os.close(self.messages)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        decoder = codecs.getincrementaldecoder('utf-8')
        self.output = {
            self.process.stdout.fileno(): ('stdout', decoder('replace')),
            self.process.stderr.fileno(): ('stderr', decoder('replace')),
        }
        os.set_blocking(self.requests, False)
        for fd in (self.messages, *self.output):
            os.set_blocking(fd, False)
            poller.register(fd, select.POLLIN)

    def send(self, channel, kind, message_id, content, metadata=None, buffers=(), parent=None):
        if kind == 'execute_request':
            self.parent = message_id
        line = json.dumps({'channel': channel, 'type': kind, 'id': message_id, 'content': content})
        if not self.waiting:
            self.poller.register(self.requests, select.POLLOUT)
        self.waiting += line.encode() + b'\n'
        self.flush()

    def flush(self):
        try:
            while self.waiting:
                self.waiting = self.waiting[os.write(self.requests, self.waiting) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.waiting = b''
        self.poller.unregister(self.requests)

    def ask(self):
        """It says by itself that it is ready."""

    def take(self, line):
        if isinstance(line, int):
            return self.tell_omitted(line)
        message = json_of(line)
        if message['type'] == 'ready':
            self.be_ready(message['content'], self.context)
            return
        say_message(
            len(line),
            message['content'],
            message.get('metadata') or {},
            context=self.context,
            channel=message['channel'],
            type=message['type'],
            id=random_id(),
            parent=message.get('parent'),
        )

    def tell_omitted(self, size):
        """A message of so many bytes was not read: its execution shows that something is missing."""
        fields = {'context': self.context, 'channel': 'iopub', 'type': 'execute_result', 'id': random_id(), 'parent': self.parent}
        say('message', **fields, content={}, metadata={}, omitted=size)

    def take_all(self, lines):
        for line in lines:
            try:
                self.take(line)
            except Exception as error:
                note(error)

    def relay(self, fd):
        """Passes on what its pipe holds now. Returns whether it is at its end."""
        name, decoder = self.output[fd]
        try:
            piece = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return False
        text = decoder.decode(piece, not piece)
        if text:
            say(
                'message',
                context=self.context,
                channel='iopub',
                type='stream',
                id=random_id(),
                parent=self.parent,
                content={'name': name, 'text': text},
                metadata={},
            )
        return not piece

    def receive(self, ready):
        if self.requests in ready and self.waiting:
            self.flush()
        # What it wrote before it said something is still in its pipes, which hold no more than is read at once.
        told = self.read_messages() if self.messages in ready else []
        for fd in list(self.output):
            if (fd in ready or told) and self.relay(fd):
                self.poller.unregister(fd)
                del self.output[fd]
        self.take_all(told)

    def read_messages(self):
        try:
            piece = os.read(self.messages, READ_BYTES)
        except BlockingIOError:
            return []
        if not piece:
            self.forget(self.messages)
        return self.lines.cut(piece)

    def forget(self, fd):
        try:
            self.poller.unregister(fd)
        except KeyError:
            pass

    def close_streams(self):
        # All that it wrote comes before its end.
        told = self.read_messages()
        for fd in self.output:
            self.relay(fd)
            self.forget(fd)
        self.take_all(told)
        for fd in (self.messages, self.requests):
            self.forget(fd)
            os.close(fd)
        self.process.stdout.close()
        self.process.stderr.close()


class Bridge:
    def __init__(self):
        # Both pollers have the same methods; descriptors are all that one without ZeroMQ has to wait for.
        self.zmq_context = zmq.Context() if zmq else None
        self.poller = zmq.Poller() if zmq else select.poll()
        self.poller.register(0, select.POLLIN)
        self.kernels = {}
        self.started = 0
        self.lines = Lines()

    def obey(self, line):
        order = json.loads(line)
        context = order['context']
        kernel = self.kernels.get(context)
        if order['do'] == 'start':
            self.started += 1
            try:
                kind = LineKernel if order.get('protocol') == 'lines' else JupyterKernel
                self.kernels[context] = kind(context, order, self.started, self.poller, self.zmq_context)
            except (OSError, ValueError) as error:
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
        for line in self.lines.cut(piece):
            # What cannot be read costs itself, and no kernel.
            try:
                self.obey(line)
            except (ValueError, RecursionError) as error:
                print(f'an order that is none: {type(error).__name__}: {error}', file=sys.stderr)

    def turn(self):
        starting = any(not kernel.ready for kernel in self.kernels.values())
        for kernel in self.kernels.values():
            try:
                kernel.ask()
            except ValueError as error:
                # What it said of itself cannot be told: it is not ready, and its start comes to its end.
                note(error)
        # What was not written at the end of the last turn must not wait for a kernel to speak.
        waits_ms = WAIT_MS if output.lines else ASK_SECONDS * 1000 if starting else None
        ready = dict(self.poller.poll(waits_ms))
        if 0 in ready:
            self.read_orders()
        for context, kernel in list(self.kernels.items()):
            # What it said last comes before its end.
            try:
                kernel.receive(ready)
            except Exception as error:
                note(error)
            if kernel.pidfd in ready and kernel.is_drained():
                del self.kernels[context]
                kernel.close()
        if not output.is_waiting():
            output.flush()


def main():
    bridge = Bridge()
    say('bridge', version=1)
    output.flush()
    try:
        while True:
            bridge.turn()
    finally:
        for kernel in bridge.kernels.values():
            kernel.stop()


if __name__ == '__main__':
    main()
