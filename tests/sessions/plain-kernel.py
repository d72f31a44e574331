"""What a kernel answers without an engine: python3 plain-kernel.py FILE, in the image of a kernel.

FILE has one JSON object: `argv` and `env` of the kernel, `protocol` (`jupyter` over TCP, or `lines`), `interrupt`, `cwd` and
`steps`, each with `code` and perhaps `answer`, `silent` and `interruptAt`. Standard output is a JSON array with what came of each.
"""

import hashlib
import hmac
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import uuid

KEY = b'plain'
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')


class Jupyter:
    def __init__(self, spec, heard):
        import zmq

        self.zmq = zmq
        context = zmq.Context()
        # Below those that connections are given: one that is tried before the kernel listens could else be given the port that it goes to.
        ports = {channel: 21000 + number for number, channel in enumerate(CHANNELS)}
        self.file = '/tmp/plain-kernel.json'
        with open(self.file, 'w', encoding='utf-8') as file:
            json.dump(
                {
                    'transport': 'tcp',
                    'ip': '127.0.0.1',
                    'key': KEY.decode(),
                    'signature_scheme': 'hmac-sha256',
                    **{f'{channel}_port': port for channel, port in ports.items()},
                },
                file,
            )
        argv = [part.replace('{connectionFile}', self.file) for part in spec['argv']]
        # Streams come as messages; what is written beside them goes nowhere.
        self.process = subprocess.Popen(
            argv,
            env={**os.environ, **spec['env']},
            cwd=spec['cwd'],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.sockets = {}
        for channel in ('shell', 'iopub', 'stdin', 'control'):
            socket = context.socket(zmq.SUB if channel == 'iopub' else zmq.DEALER)
            socket.setsockopt(zmq.IDENTITY, b'plain')
            if channel == 'iopub':
                socket.subscribe(b'')
            socket.connect(f'tcp://127.0.0.1:{ports[channel]}')
            self.sockets[channel] = socket
        self.heard = heard
        self.outbox = queue.Queue()
        threading.Thread(target=self.pump, daemon=True).start()

    def send(self, channel, kind, message_id, content):
        self.outbox.put((channel, kind, message_id, content))

    def pump(self):
        """Sockets of ZeroMQ belong to one thread."""
        poller = self.zmq.Poller()
        for socket in self.sockets.values():
            poller.register(socket, self.zmq.POLLIN)
        while True:
            while not self.outbox.empty():
                self.put(*self.outbox.get())
            for socket, _ in poller.poll(5):
                self.take(socket.recv_multipart())

    def put(self, channel, kind, message_id, content):
        header = {'msg_id': message_id, 'msg_type': kind, 'session': 'plain', 'username': 'plain', 'date': '', 'version': '5.3'}
        frames = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        signature = hmac.new(KEY, b''.join(frames), hashlib.sha256).hexdigest().encode()
        self.sockets[channel].send_multipart([b'<IDS|MSG>', signature, *frames])

    def take(self, frames):
        at = frames.index(b'<IDS|MSG>')
        header, parent, _, content = (json.loads(frame) for frame in frames[at + 2 : at + 6])
        self.heard.put((header['msg_type'], parent.get('msg_id'), content))

    def wait_ready(self):
        # Until both a reply and a status have come: a subscription takes a moment.
        missing = {'kernel_info_reply', 'status'}
        while missing:
            self.send('shell', 'kernel_info_request', 'ready', {})
            try:
                while True:
                    kind, parent, _ = self.heard.get(timeout=0.3)
                    missing -= {kind} if parent == 'ready' else set()
            except queue.Empty:
                pass


class Lines:
    def __init__(self, spec, heard):
        theirs_in, self.requests = os.pipe()
        messages, theirs_out = os.pipe()
        env = {**os.environ, **spec['env'], 'RUNYARD_REQUESTS_FD': str(theirs_in), 'RUNYARD_MESSAGES_FD': str(theirs_out)}
        self.process = subprocess.Popen(
            spec['argv'],
            env=env,
            cwd=spec['cwd'],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs_in, theirs_out),
            start_new_session=True,
        )
        self.heard = heard
        self.parent = None
        self.streams = {self.process.stdout.fileno(): 'stdout', self.process.stderr.fileno(): 'stderr'}
        for fd in self.streams:
            os.set_blocking(fd, False)
        threading.Thread(target=self.pump, args=(messages,), daemon=True).start()

    def send(self, channel, kind, message_id, content):
        if kind == 'execute_request':
            self.parent = message_id
        line = json.dumps({'channel': channel, 'type': kind, 'id': message_id, 'content': content})
        os.write(self.requests, line.encode() + b'\n')

    def relay(self):
        for fd, name in self.streams.items():
            try:
                while piece := os.read(fd, 65536):
                    self.heard.put(('stream', self.parent, {'name': name, 'text': piece.decode('utf-8', 'replace')}))
            except BlockingIOError:
                pass

    def pump(self, messages):
        rest = b''
        while True:
            ready, _, _ = select.select([messages, *self.streams], [], [])
            said = os.read(messages, 65536) if messages in ready else b''
            # What it wrote before it said something is in its pipes.
            self.relay()
            *lines, rest = (rest + said).split(b'\n')
            for line in lines:
                message = json.loads(line)
                self.heard.put((message['type'], message.get('parent'), message['content']))

    def wait_ready(self):
        while self.heard.get()[0] != 'ready':
            pass


def send_interrupt(kernel, interrupt):
    if interrupt == 'message':
        kernel.send('control', 'interrupt_request', uuid.uuid4().hex, {})
    else:
        os.killpg(kernel.process.pid, signal.SIGINT)


def run_step(kernel, heard, interrupt, step):
    message_id = uuid.uuid4().hex
    came = {'stdout': '', 'stderr': '', 'results': [], 'error': None, 'executionCount': None}
    interrupted = False
    content = {
        'code': step['code'],
        'silent': step.get('silent', False),
        'store_history': True,
        'user_expressions': {},
        'allow_stdin': 'answer' in step,
        'stop_on_error': False,
    }
    kernel.send('shell', 'execute_request', message_id, content)
    ended = set()
    silent_for = 0
    while ended != {'reply', 'idle'}:
        try:
            kind, parent, content = heard.get(timeout=5)
        except queue.Empty:
            silent_for += 5
            # One that comes while a process is started is nobody's, and is sent again by the worker too.
            if interrupted and isinstance(kernel, Lines):
                send_interrupt(kernel, interrupt)
            if silent_for < 60:
                continue
            raise SystemExit(f'no end of {step["code"]!r}; so far {came}') from None
        if parent != message_id:
            continue
        if kind == 'stream':
            came[content['name']] += content['text']
        elif kind in ('display_data', 'execute_result'):
            came['results'].append({'data': content['data'], 'isMainResult': kind == 'execute_result'})
        elif kind == 'error':
            came['error'] = {'name': content['ename'], 'value': content['evalue']}
        elif kind == 'input_request':
            kernel.send('stdin', 'input_reply', uuid.uuid4().hex, {'value': step['answer']})
        elif kind == 'execute_reply':
            came['executionCount'] = content.get('execution_count')
            ended.add('reply')
        elif kind == 'status' and content['execution_state'] == 'idle':
            ended.add('idle')
        if not interrupted and step.get('interruptAt') is not None and came['stdout'] == step['interruptAt']:
            interrupted = True
            send_interrupt(kernel, interrupt)
    return came


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        spec = json.load(file)
    os.makedirs(spec['cwd'], exist_ok=True)
    heard = queue.Queue()
    kernel = (Lines if spec['protocol'] == 'lines' else Jupyter)(spec, heard)
    kernel.wait_ready()
    came = [run_step(kernel, heard, spec['interrupt'], step) for step in spec['steps']]
    json.dump(came, sys.stdout)
    os.killpg(kernel.process.pid, signal.SIGKILL)


main()
