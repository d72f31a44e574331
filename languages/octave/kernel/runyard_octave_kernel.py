"""octave_kernel for sessions: python3 -m runyard_octave_kernel -f CONNECTION_FILE.

It types code at Octave's prompt and takes what comes until the next prompt for the whole of an execution. So an error is text as any other, a long line
never ends, a program that prints a prompt ends its execution, and `%` and `!`, which are Octave's own, begin commands of the kernel. Here the code lies in a
file that Octave evaluates, what became of it and the figures in others, and the prompt is a text that nobody guesses.
"""

import base64
import json
import os
import secrets
import signal
import tempfile

from IPython.core.error import StdinNotImplementedError
from metakernel import ExceptionWrapper
from octave_kernel.kernel import STDIN_PROMPT, OctaveKernel
from pexpect import EOF, TIMEOUT

READ_BYTES = 65536
# After an interrupt Octave has so long to show that it takes lines again before it is given another.
SETTLE_SECONDS = 5
HELPERS = '/usr/local/lib/runyard-kernel'
INTERRUPTED = ExceptionWrapper('Interrupted', 'the execution was interrupted', ['Interrupted: the execution was interrupted'])
# No code can begin with them.
NO_PREFIXES = {'magic': '\0m', 'shell': '\0s', 'help': '\0h'}


class RunyardOctaveKernel(OctaveKernel):
    magic_prefixes = NO_PREFIXES
    help_suffix = ''

    def __init__(self, *args, **kwargs):
        # Of what runs now: whether an interrupt was passed on, and whether the kernel waits for an answer instead of Octave.
        self.signalled = self.asking = False
        super().__init__(*args, **kwargs)
        self.prepare()

    def do_execute_direct(self, code, silent=False):
        self.payload = []
        with tempfile.TemporaryDirectory(prefix='octave-') as folder:
            said = self.evaluate(code, folder)
            if said is None:
                return INTERRUPTED
            for figure in [] if silent else said['figures']:
                self.show(figure)
        if said['failed']:
            name, value = said['identifier'] or 'error', said['message']
            return ExceptionWrapper(name, value, [f'error: {value}', *said['stack']])
        return None

    def prepare(self):
        """Has Octave ready before the kernel says that it is."""
        engine = self.octave_engine
        engine._startup()
        quiet = f'warning("off", "Octave:gnuplot-graphics"); gnuplot_binary("{HELPERS}/gnuplot");'
        engine.eval(f'addpath("{HELPERS}"); {quiet}', silent=True)
        self.prompt = f'{secrets.token_hex(12)}> '
        engine.repl.prompt_regex = self.prompt
        engine.repl.sendline(f'PS1("{self.prompt}")')
        engine.repl._expect_prompt()

    def evaluate(self, code, folder):
        """Returns what became of it; None when it was interrupted."""
        source, outcome = os.path.join(folder, 'code.m'), os.path.join(folder, 'outcome.json')
        with open(source, 'w', encoding='utf-8', errors='replace') as file:
            file.write(code)
        self.signalled = self.asking = False
        before = signal.signal(signal.SIGINT, self.interrupt_octave)
        child = self.octave_engine.repl.child
        try:
            child.sendline(f'runyard_evaluate("{source}", "{folder}", "{self.prompt}")')
            self.relay(child)
            if self.signalled or not os.path.exists(outcome):
                self.settle(child)
        except EOF:
            # It is over, by `exit` or otherwise, and so is this.
            os._exit(child.wait() if child.isalive() else child.exitstatus or 0)
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            with open(outcome, encoding='utf-8', errors='replace') as file:
                return json.load(file)
        except (FileNotFoundError, ValueError):
            return None

    def relay(self, child):
        """Passes on what Octave writes until it prompts, and asks what it asks."""
        rest = child.buffer
        child.buffer = child.string_type()
        while True:
            while STDIN_PROMPT in rest:
                text, _, rest = rest.partition(STDIN_PROMPT)
                *lines, question = text.split('\n')
                self.write('\n'.join([*lines, '']))
                child.sendline(self.ask(question, child))
            if rest.endswith(self.prompt):
                return self.write(rest[: -len(self.prompt)])
            kept = len(self.unsure(rest))
            self.write(rest[: len(rest) - kept])
            rest = rest[len(rest) - kept :] + child.read_nonblocking(READ_BYTES, None)

    def unsure(self, text):
        """The end of a text that may be the beginning of a prompt, or of the end of a line."""
        longest = max(len(self.prompt), len(STDIN_PROMPT))
        for at in range(max(0, len(text) - longest), len(text)):
            end = text[at:]
            if self.prompt.startswith(end) or STDIN_PROMPT.startswith(end) or end == '\r':
                return end
        return ''

    def write(self, text):
        if text:
            self.Write(text.replace('\r\n', '\n'))

    def ask(self, question, child):
        self.asking = True
        try:
            return self.raw_input(question)
        except (StdinNotImplementedError, KeyboardInterrupt) as error:
            if isinstance(error, StdinNotImplementedError):
                self.write(f'{question}\n{error}\n')
            self.interrupt_octave()
            return ''
        finally:
            self.asking = False

    def interrupt_octave(self, *_):
        if self.asking:
            self.asking = False
            raise KeyboardInterrupt
        # Once: what comes at a terminal is not lost, and the third that Octave has not heeded yet would end it.
        if not self.signalled:
            self.signalled = True
            self.octave_engine.repl.child.sendintr()

    def settle(self, child):
        """
        Waits until Octave is at its last prompt. An interrupt that came when all was over made one more, and may take a line with it; a program that
        prints the marks of questions is answered more often than it asks.
        """
        while True:
            mark = secrets.token_hex(12)
            child.sendline(f'disp("{mark}")')
            try:
                child.expect_exact(f'{mark}\r\n', timeout=SETTLE_SECONDS)
                return child.expect_exact(self.prompt, timeout=None)
            except TIMEOUT:
                continue

    def show(self, figure):
        with open(figure, 'rb') as file:
            data = {'image/png': base64.b64encode(file.read()).decode()}
        self.send_response(self.iopub_socket, 'display_data', {'data': data, 'metadata': {}})


if __name__ == '__main__':
    RunyardOctaveKernel.run_as_main()
