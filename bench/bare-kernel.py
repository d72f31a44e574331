"""A Jupyter kernel and nothing else: python3 bare-kernel.py SPEC, in the image of a kernel.

SPEC is a JSON object with `argv` and `env` of the kernel and `cwd`. It writes a line when the kernel is ready; then each line of standard input
is code as a JSON text, answered by a line with what it printed and the time it took, in ms: from the request until reply and idle have come.
"""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import uuid

import zmq

KEY = b'bare'
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')


def connect(base):
    context = zmq.Context()
    sockets = {}
    for number, channel in enumerate(CHANNELS[:2], 1):
        sockets[channel] = context.socket(zmq.SUB if channel == 'iopub' else zmq.DEALER)
        if channel == 'iopub':
            sockets[channel].subscribe(b'')
        sockets[channel].connect(f'ipc://{base}-{number}')
    return sockets


def send(sockets, kind, content):
    message_id = uuid.uuid4().hex
    header = {'msg_id': message_id, 'msg_type': kind, 'session': 'bare', 'username': 'bare', 'date': '', 'version': '5.3'}
    frames = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    signature = hmac.new(KEY, b''.join(frames), hashlib.sha256).hexdigest().encode()
    sockets['shell'].send_multipart([b'<IDS|MSG>', signature, *frames])
    return message_id


def ask(sockets, kind, content, seconds):
    """What it printed, once its reply and its idle have come; None when they do not come in time."""
    message_id = send(sockets, kind, content)
    poller = zmq.Poller()
    for socket in sockets.values():
        poller.register(socket, zmq.POLLIN)
    missing, text = {'reply', 'idle'}, ''
    deadline = time.monotonic() + seconds
    while missing:
        ready = poller.poll(max(0, (deadline - time.monotonic()) * 1000))
        if not ready:
            return None
        for socket, _ in ready:
            frames = socket.recv_multipart()
            at = frames.index(b'<IDS|MSG>')
            header, parent, _, said = (json.loads(frame) for frame in frames[at + 2 : at + 6])
            if parent.get('msg_id') != message_id:
                continue
            if header['msg_type'].endswith('_reply'):
                missing.discard('reply')
            elif header['msg_type'] == 'status' and said['execution_state'] == 'idle':
                missing.discard('idle')
            elif header['msg_type'] == 'stream':
                text += said['text']
    return text


def main():
    spec = json.loads(sys.argv[1])
    base = '/tmp/bare-kernel'
    os.makedirs(spec['cwd'], exist_ok=True)
    ports = {f'{channel}_port': number for number, channel in enumerate(CHANNELS, 1)}
    with open(f'{base}.json', 'w', encoding='utf-8') as file:
        json.dump({'transport': 'ipc', 'ip': base, 'key': KEY.decode(), 'signature_scheme': 'hmac-sha256', **ports}, file)
    argv = [part.replace('{connectionFile}', f'{base}.json') for part in spec['argv']]
    subprocess.Popen(argv, env={**os.environ, **spec['env']}, cwd=spec['cwd'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    sockets = connect(base)
    while ask(sockets, 'kernel_info_request', {}, 0.5) is None:
        pass
    print('ready', flush=True)
    for line in sys.stdin:
        content = {'code': json.loads(line), 'silent': False, 'store_history': True, 'user_expressions': {}, 'allow_stdin': False}
        began = time.perf_counter()
        text = ask(sockets, 'execute_request', content, 60)
        print(json.dumps({'ms': (time.perf_counter() - began) * 1000, 'stdout': text}), flush=True)


main()
