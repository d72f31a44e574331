"""Parts of the bridge with clocks, pollers and sockets of their own: python3 bridge_parts.py BRIDGE."""

import contextlib
import importlib.util
import io
import json
import sys
import unittest

spec = importlib.util.spec_from_file_location('bridge', sys.argv[1])
bridge = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bridge)


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def strftime(self, *_):
        return ''

    def gmtime(self):
        return None


class Poller:
    """Notes how long it would have waited; meanwhile the clock runs."""

    def __init__(self, clock, pass_seconds=0.0):
        self.clock = clock
        self.pass_seconds = pass_seconds
        self.waits = []

    def register(self, *_):
        pass

    def poll(self, milliseconds):
        self.waits.append(milliseconds)
        self.clock.now += self.pass_seconds
        return []


class Socket:
    def __init__(self):
        self.sent = []
        self.said = []

    def send_multipart(self, frames):
        self.sent.append([json.loads(frame) for frame in frames[2:]])

    def recv_multipart(self, _):
        return self.said.pop(0)


def frames(kind, parent, content):
    header = {'msg_type': kind, 'msg_id': 'm'}
    return [b'<IDS|MSG>', b'', *(json.dumps(part).encode() for part in (header, {'msg_id': parent}, {}, content))]


class Parts(unittest.TestCase):
    def setUp(self):
        self.clock = bridge.time = Clock()
        bridge.zmq = type('zmq', (), {'NOBLOCK': 1})
        bridge.output = bridge.Output()
        self.written = []
        bridge.Output.flush = self.flush

    def flush(self):
        self.written += [json.loads(line) for line in bridge.output.lines]
        bridge.output.lines.clear()
        bridge.output.size = 0
        bridge.output.can_wait = True

    def bridge_of(self, poller):
        made = bridge.Bridge.__new__(bridge.Bridge)
        made.poller, made.kernels = poller, {}
        return made

    def kernel(self, warm_up):
        made = bridge.JupyterKernel.__new__(bridge.JupyterKernel)
        made.context, made.key, made.session, made.warm_up = 'c', b'', 's', warm_up
        made.heard, made.asked_at, made.warming_since = set(), 0.0, None
        made.ready = made.is_over = False
        made.process = type('Process', (), {'pid': 1})
        made.sockets = {name: Socket() for name in ('shell', 'iopub')}
        return made

    def take(self, kernel, channel, *message):
        kernel.sockets[channel].said.append(frames(*message))
        kernel.take(channel)

    def answers(self, kernel):
        self.take(kernel, 'iopub', 'status', 'ready', {'execution_state': 'busy'})
        self.take(kernel, 'shell', 'kernel_info_reply', 'ready', {'protocol_version': '5.3'})

    def events(self):
        self.flush()
        return [said['event'] for said in self.written]

    def test_what_can_wait_is_written_however_late_the_turn_comes(self):
        poller = Poller(self.clock, pass_seconds=0.001)
        made = self.bridge_of(poller)
        bridge.say_message(2, {'execution_state': 'busy'}, {}, context='c', channel='iopub', type='status', id='m', parent='p')
        made.turn()
        self.assertEqual(self.written, [])
        # Whoever waits for the processor between two turns finds that the time is over.
        self.clock.now += 10
        made.turn()
        self.assertEqual(poller.waits, [bridge.WAIT_MS, bridge.WAIT_MS])
        self.assertEqual([said['type'] for said in self.written], ['status'])
        made.turn()
        self.assertIsNone(poller.waits[-1])

    def test_a_kernel_is_ready_when_it_has_warmed_up_and_what_it_says_of_that_is_kept_back(self):
        kernel = self.kernel('1 + 1')
        self.answers(kernel)
        self.answers(kernel)
        self.assertEqual(self.events(), [])
        [[header, _, _, content]] = kernel.sockets['shell'].sent
        self.assertEqual((header['msg_type'], content['code'], content['silent'], content['store_history']), ('execute_request', '1 + 1', True, False))
        self.take(kernel, 'iopub', 'status', 'warm-up', {'execution_state': 'busy'})
        self.take(kernel, 'shell', 'execute_reply', 'warm-up', {'status': 'error'})
        self.take(kernel, 'iopub', 'status', 'warm-up', {'execution_state': 'idle'})
        self.assertEqual(self.events(), ['ready'])
        self.take(kernel, 'iopub', 'stream', 'p', {'name': 'stdout', 'text': 'x'})
        self.assertEqual(self.events(), ['ready', 'message'])

    def test_a_kernel_that_warms_up_for_too_long_is_ready_once(self):
        kernel = self.kernel('while True: pass')
        self.answers(kernel)
        self.clock.now += bridge.WARM_UP_SECONDS - 1
        kernel.ask()
        self.assertEqual(self.events(), [])
        self.clock.now += 1
        kernel.ask()
        self.take(kernel, 'shell', 'execute_reply', 'warm-up', {'status': 'ok'})
        kernel.ask()
        self.assertEqual(self.events(), ['ready'])
        self.assertEqual(len(kernel.sockets['shell'].sent), 1)

    def test_a_kernel_that_warms_up_and_says_of_itself_what_cannot_be_told_costs_no_other(self):
        kernel = self.kernel('1')
        self.answers(kernel)
        kernel.info = 'no object'
        kernel.pidfd = 0
        kernel.receive = lambda ready: None
        made = self.bridge_of(Poller(self.clock))
        made.kernels['c'] = kernel
        self.clock.now += bridge.WARM_UP_SECONDS
        with contextlib.redirect_stderr(io.StringIO()) as noted:
            made.turn()
            made.turn()
        self.assertEqual(self.events(), [])
        self.assertEqual(noted.getvalue().count('no object'), 1)

    def test_one_without_that_is_ready_when_it_hears_and_is_heard(self):
        kernel = self.kernel(None)
        self.answers(kernel)
        self.assertEqual(self.events(), ['ready'])

    def test_a_line_that_is_too_long_is_left_out_and_costs_no_other(self):
        lines = bridge.Lines(4)
        self.assertEqual(lines.cut(b'ab\n12345\ncd'), [b'ab', 5])
        self.assertEqual(lines.cut(b'ef\n123'), [b'cdef'])
        for _ in range(3):
            self.assertEqual(lines.cut(b'456'), [])
            self.assertLessEqual(len(lines.rest), 4)
        self.assertEqual(lines.cut(b'7\nz\n'), [13, b'z'])


unittest.main(argv=[sys.argv[0]])
