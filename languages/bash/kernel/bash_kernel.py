"""A kernel for Bash. It speaks the line protocol of docs/sessions.md.

One interactive Bash without a terminal has the state: interactive, so that SIGINT ends what runs and not the shell. It reads one line for each
execution, `eval` of the quoted code, on a pipe that is not the code's standard input. Before it reads another it tells the exit status, as its
PROMPT_COMMAND: also when an error or an interrupt has thrown away the rest of the line.
"""

import base64
import json
import mimetypes
import os
import re
import select
import shlex
import signal
import subprocess

REQUESTS = int(os.environ.pop('RUNYARD_REQUESTS_FD'))
MESSAGES = int(os.environ.pop('RUNYARD_MESSAGES_FD'))
# Descriptors of the shell: what it tells, and the answers to `read`.
TELL, ANSWER = 198, 199
READ_BYTES = 65536
# So long after an interrupt code may have changed what tells its end, in seconds.
LOST_SECONDS = 1.0
# What `display` shows of a file, in bytes of JSON.
MAX_SHOWN = 8 * 1024 * 1024
TEXT_TYPES = ('text/', 'image/svg+xml', 'application/json', 'application/xml')

# Functions of the shell. `read` asks whoever runs the code where it would read what is nobody's; `display` shows a file.
PRELUDE = rf"""
set +H
PS1= PS2=
unset HISTFILE
__tell_end() {{ printf 'end\1%s\1%s\0' "$1" "${{2-$?}}" >&{TELL}; }}
__read_ask() {{
  local option prompt= secret= OPTIND=1 OPTARG= OPTERR=0
  while getopts ':ersa:d:i:n:N:p:t:u:' option; do
    case $option in
      p) prompt=$OPTARG ;;
      s) secret=1 ;;
    esac
  done
  printf 'read\1%s\1%s\1%s\0' "$__read_id" "$secret" "$prompt" >&{TELL}
}}
read() {{
  if [[ ! /dev/fd/0 -ef /dev/null ]]; then builtin read "$@"; return; fi
  local __read_id=$SRANDOM$SRANDOM __read_answer
  __read_ask "$@"
  # Of one that was interrupted the answer may still be there.
  while [[ $__read_answer != "$__read_id "* ]]; do builtin read -r -u {ANSWER} __read_answer || return 1; done
  [[ $__read_answer == *ok ]] || return 1
  builtin read "$@" <&{ANSWER}
}}
display() {{
  if (( $# < 1 )) || [[ ! -r $1 ]]; then printf 'usage: display FILE [MEDIA_TYPE]\n' >&2; return 2; fi
  printf 'display\1%s\1%s\0' "$(realpath -- "$1")" "${{2-}}" >&{TELL}
}}
"""

INFO = {
    'status': 'ok',
    'protocol_version': '5.3',
    'implementation': 'runyard-bash',
    'implementation_version': '1',
    'language_info': {
        'name': 'bash',
        'version': '',
        'mimetype': 'text/x-sh',
        'file_extension': '.sh',
    },
    'banner': 'Bash',
}


class Shell:
    """The Bash that has the state."""

    def __init__(self):
        commands, self.commands = os.pipe()
        self.told, tell = os.pipe()
        answer, self.answers = os.pipe()
        errors = os.dup(2)
        self.process = subprocess.Popen(
            ['bash', '--noprofile', '--norc', '--noediting', '-i'],
            stdin=commands,
            # Without a terminal it complains once.
            stderr=subprocess.DEVNULL,
            pass_fds=(tell, answer, errors),
            env={**os.environ, 'PS1': '', 'PS2': ''},
        )
        self.rest = b''
        self.status = 0
        os.close(commands)
        # Above all descriptors that programs use.
        self.write(f'exec {TELL}>&{tell} {tell}>&- {ANSWER}<&{answer} {answer}<&-\n{PRELUDE}\nexec 2>&{errors} {errors}>&-\n')
        for fd in (tell, answer, errors):
            os.close(fd)

    def write(self, text):
        rest = memoryview(text.encode('utf-8', 'replace'))
        while rest:
            rest = rest[os.write(self.commands, rest) :]

    def run(self, code, mark):
        """
        Runs code with the exit status of the last as `$?`. That it begins is told under the mark once its line has been read, so that nothing of it
        is taken for another line after an interrupt; so is each time that the shell is about to read the next.
        """
        begin = f"PROMPT_COMMAND='__tell_end {mark}'; printf 'begin\\1%s\\0' {mark} >&{TELL}"
        self.write(f'{begin}; (exit {self.status}); eval {shlex.quote(code)} </dev/null; PROMPT_COMMAND="__tell_end {mark} $?"\n')

    def tell_end(self, mark):
        """Has it tell its end whatever became of PROMPT_COMMAND."""
        self.write(f"\nPROMPT_COMMAND='__tell_end {mark} 130'\n")

    def interrupt(self):
        """Whatever runs in it is in the process group of this program."""
        os.killpg(0, signal.SIGINT)

    def answer(self, question, text):
        """Answers a question of `read`; with None, that there is no answer."""
        line = f'{question} none\n' if text is None else f'{question} ok\n{text}\n'
        os.write(self.answers, line.encode('utf-8', 'replace'))

    def tell(self):
        """What it told, one list of texts each; None at its end."""
        piece = os.read(self.told, READ_BYTES)
        if not piece:
            return None
        *told, self.rest = (self.rest + piece).split(b'\0')
        return [one.decode('utf-8', 'replace').split('\1') for one in told]

    def close(self):
        for fd in (self.commands, self.told, self.answers):
            os.close(fd)
        return self.process.wait()


class ShellEnded(Exception):
    pass


class BashKernel:
    def __init__(self):
        self.parent = None
        self.count = 0
        self.mark = 0
        self.interrupted = False
        # Of what runs now: whether it has begun, whether it was signalled, whether it was asked once more to tell its end; what `read` asks.
        self.begun = self.signalled = self.asked_again = False
        self.question = None
        self.allow_input = False
        self.pending = []
        self.rest = b''
        self.shell = Shell()
        # An interrupt is sent to the whole process group, where this program is too; ignored, it would be ignored by the shell.
        signal.signal(signal.SIGINT, lambda *_: None)

    def say(self, channel, kind, content):
        line = json.dumps({'channel': channel, 'type': kind, 'parent': self.parent, 'content': content})
        rest = memoryview(line.encode('utf-8', 'replace') + b'\n')
        while rest:
            rest = rest[os.write(MESSAGES, rest) :]

    # --- what is asked ---

    def execute_request(self, content):
        silent = content.get('silent', False)
        self.allow_input = content.get('allow_stdin', False)
        if not silent:
            self.count += 1
            self.say('iopub', 'execute_input', {'code': content['code'], 'execution_count': self.count})
        status = self.evaluate(content['code'])
        if status is None:
            code = self.renew()
            value = f'the shell ended with exit code {code}; a new one was started, without variables and functions of the old'
            return self.fail('ShellExited', value)
        self.shell.status = status
        if self.interrupted and status > 128:
            return self.fail('Interrupted', 'the execution was interrupted')
        if status:
            return self.fail('ExitStatus', f'the last command ended with exit status {status}')
        self.say('shell', 'execute_reply', {'status': 'ok', 'execution_count': self.count, 'user_expressions': {}, 'payload': []})

    def renew(self):
        code = self.shell.close()
        self.shell = Shell()
        return code

    def fail(self, name, value):
        error = {'ename': name, 'evalue': value, 'traceback': [f'{name}: {value}']}
        self.say('iopub', 'error', error)
        self.say('shell', 'execute_reply', {'status': 'error', 'execution_count': self.count, **error})

    def evaluate(self, code, heard=None):
        """Returns the exit status; None when the shell has ended."""
        self.mark += 1
        self.interrupted = self.begun = self.signalled = self.asked_again = False
        self.question = None
        waiting, self.pending = self.pending, []
        for request in waiting:
            self.heed(request)
        try:
            self.shell.run(code, self.mark)
            status = self.until_end(heard)
            self.begun = self.asked_again = False
            if self.signalled:
                self.settle()
            return status
        except (BrokenPipeError, ShellEnded):
            return None

    def until_end(self, heard):
        while True:
            for kind, *rest in self.next_told():
                # Programs of the shell can write there too.
                try:
                    if kind == 'end' and rest[0] == str(self.mark):
                        return int(rest[1])
                    if kind == 'begin' and rest[0] == str(self.mark):
                        self.begin()
                    elif kind == 'read':
                        self.ask(*rest)
                    elif kind == 'display':
                        self.display(*rest)
                    elif heard is not None and kind == 'match':
                        heard.append(rest[0])
                except Exception as error:
                    os.write(2, f'{kind}: {error}\n'.encode('utf-8', 'replace'))

    def next_told(self):
        """What the shell tells next. Requests that come meanwhile are heeded or kept. Raises ShellEnded."""
        while True:
            patience = LOST_SECONDS if self.interrupted and not self.asked_again else None
            ready, _, _ = select.select([self.shell.told, REQUESTS], [], [], patience)
            if REQUESTS in ready:
                for request in self.receive():
                    self.heed(request)
            if self.shell.told in ready:
                told = self.shell.tell()
                if told is None:
                    raise ShellEnded
                return told
            if not ready and self.interrupted and not self.signalled:
                # It tells nothing any more: its functions or PROMPT_COMMAND can be made so.
                self.shell.process.kill()
                raise ShellEnded
            if not ready:
                self.shell.tell_end(self.mark)
                self.asked_again = True

    def heed(self, request):
        """While something runs: an interrupt, the answer to a question, or a request for later."""
        if request['type'] == 'interrupt_request':
            self.interrupted = True
            self.question = None
            if self.begun:
                self.signal()
        elif request['type'] != 'input_reply':
            self.pending.append(request)
        elif self.question is not None:
            self.shell.answer(self.question, str(request['content']['value']))
            self.question = None

    def begin(self):
        self.begun = True
        if self.interrupted:
            self.signal()

    def signal(self):
        self.signalled = True
        self.shell.interrupt()

    def settle(self):
        """
        Waits until no signal is on its way any more: one that came when all was over would throw away what runs next. The shell tells its end again
        behind each empty line. What it tells the first time it wrote with the signal sent, what it tells the second time with the signal heeded.
        """
        for _ in range(2):
            self.shell.write('\n')
            while not any(kind == 'end' for kind, *_ in self.next_told()):
                pass

    def ask(self, question, secret, *prompt):
        if not self.allow_input or self.interrupted:
            return self.shell.answer(question, None)
        self.question = question
        self.say('stdin', 'input_request', {'prompt': '\1'.join(prompt), 'password': secret != ''})

    def display(self, path, kind=''):
        media = kind or mimetypes.guess_type(path)[0] or 'text/plain'
        try:
            with open(path, 'rb') as file:
                content = file.read(MAX_SHOWN + 1)
        except OSError as error:
            return os.write(2, f'display: {error}\n'.encode('utf-8', 'replace'))
        data = content.decode('utf-8', 'replace') if media.startswith(TEXT_TYPES) else base64.b64encode(content).decode()
        if media == 'application/json':
            try:
                data = json.loads(data, parse_constant=self.refuse_constant)
            except (ValueError, RecursionError):
                media = 'text/plain'
        if len(json.dumps(data)) > MAX_SHOWN:
            return os.write(2, f'display: {path}: more than {MAX_SHOWN} bytes\n'.encode('utf-8', 'replace'))
        self.say('iopub', 'display_data', {'data': {media: data}, 'metadata': {}, 'transient': {}})

    def refuse_constant(self, name):
        raise ValueError(f'{name} is no JSON')

    def complete_request(self, content):
        before = content['code'][: content['cursor_pos']]
        start = re.search(r'[^\s;|&<>()"\'`=:]*$', before).group()
        name, action = start, '-f'
        if start.startswith('$'):
            name, action = start[1:], '-v'
        elif not re.search(r'[^\s]', re.split(r'[;|&(`\n]', before[: len(before) - len(start)])[-1]) and '/' not in start:
            action = '-A command -A function -A alias'
        lead = '$' if action == '-v' else ''
        command = f"compgen {action} -- {shlex.quote(name)} | sort -u | head -200 | while builtin read -r m; do printf 'match\\1%s\\0' \"$m\" >&{TELL}; done"
        matches, status = [], self.shell.status
        if self.evaluate(command, matches) is None:
            self.renew()
        else:
            self.shell.status = status
        end = len(before)
        reply = {'status': 'ok', 'matches': [lead + match for match in matches], 'metadata': {}}
        self.say('shell', 'complete_reply', {**reply, 'cursor_start': end - len(start), 'cursor_end': end})

    def inspect_request(self, content):
        code, at = content['code'], content['cursor_pos']
        name = re.search(r'[\w./-]*$', code[:at]).group() + re.match(r'[\w./-]*', code[at:]).group()
        found, status = [], self.shell.status
        if name:
            quoted = shlex.quote(name)
            text = f'$(declare -p {quoted} 2>/dev/null; type -- {quoted} 2>/dev/null; help {quoted} 2>/dev/null)'
            if self.evaluate(f"printf 'match\\1%s\\0' \"{text}\" >&{TELL}", found) is None:
                self.renew()
            else:
                self.shell.status = status
        text = found[0] if found else ''
        self.say('shell', 'inspect_reply', {'status': 'ok', 'found': text != '', 'data': {'text/plain': text} if text else {}, 'metadata': {}})

    def is_complete_request(self, content):
        check = subprocess.run(['bash', '-n'], input=content['code'].encode('utf-8', 'replace'), capture_output=True, check=False)
        text = check.stderr.decode('utf-8', 'replace')
        cut = 'unexpected end of file' in text or 'unexpected EOF' in text or 'here-document' in text
        cut = cut or re.search(r'(?<!\\)\\$', content['code']) is not None
        self.say('shell', 'is_complete_reply', {'status': 'incomplete' if cut else 'complete' if check.returncode == 0 else 'invalid', **({'indent': ''} if cut else {})})

    def kernel_info_request(self, _):
        self.say('shell', 'kernel_info_reply', INFO)

    def history_request(self, _):
        self.say('shell', 'history_reply', {'status': 'ok', 'history': []})

    def comm_info_request(self, _):
        self.say('shell', 'comm_info_reply', {'status': 'ok', 'comms': {}})

    # --- requests ---

    def receive(self):
        piece = os.read(REQUESTS, READ_BYTES)
        if not piece:
            raise SystemExit(0)
        *lines, self.rest = (self.rest + piece).split(b'\n')
        return [json.loads(line) for line in lines]

    def handle(self, request):
        handler = getattr(self, request['type'], None) if request['type'].endswith('_request') else None
        if handler is None:
            return
        self.parent = request['id']
        self.say('iopub', 'status', {'execution_state': 'busy'})
        try:
            handler(request['content'])
        except Exception as error:
            self.answer_fault(request['type'], error)
        self.say('iopub', 'status', {'execution_state': 'idle'})

    def answer_fault(self, kind, error):
        name, value = type(error).__name__, str(error)
        if kind == 'execute_request':
            return self.fail(name, value)
        reply = {'status': 'error', 'ename': name, 'evalue': value, 'traceback': []}
        self.say('shell', kind.replace('_request', '_reply'), reply)

    def serve(self):
        version = subprocess.run(['bash', '-c', 'echo "$BASH_VERSION"'], capture_output=True, text=True, check=False)
        INFO['language_info']['version'] = version.stdout.strip()
        self.evaluate(':')
        self.say('shell', 'ready', INFO)
        while True:
            self.pending = self.pending or self.receive()
            if self.pending:
                self.handle(self.pending.pop(0))


if __name__ == '__main__':
    BashKernel().serve()
