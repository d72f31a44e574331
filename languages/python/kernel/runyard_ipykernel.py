"""IPython's kernel as ipykernel_launcher starts it, without what would be loaded with it and no session can use: it costs each session memory, and
time to start. That is the debugger, whose messages do not pass the bridge, and IPython's shell for terminals, which it imports for `embed`.

And with text that has no encoding, lone surrogates: what cannot be encoded jupyter_client does not send, and of code that cannot be compiled for
it IPython sends no reply, so that who waits for them waits in vain. And an interrupt is told of, whatever comes on top of it.
"""

import codecs
import gc
import json
import signal
import sys
import threading
import types
from pathlib import Path

DEBUGGER, TERMINAL = 'debugpy', 'IPython.terminal.embed'


def load_embed_late():
    """`IPython.embed` is loaded when it is asked for. It is IPython's own: it looks at the frame that calls it."""
    import IPython

    before = getattr(IPython, '__getattr__', None)

    def late(name):
        if name == 'embed':
            from IPython.terminal.embed import embed

            IPython.embed = embed
            return embed
        if before is not None:
            return before(name)
        raise AttributeError(f'module {IPython.__name__!r} has no attribute {name!r}', name=name, obj=IPython)

    del IPython.embed
    IPython.__getattr__ = late


def escape_surrogates(error):
    """Encodes characters that UTF-8 does not have: a byte of a name that is no UTF-8 (PEP 383) as that byte, as jupyter_client does, others as
    the text that Python writes for them to standard error, in JSON. All that follow on each other at once: there may be millions.
    """
    codes = map(ord, error.object[error.start : error.end])
    parts = [bytes((code - 0xDC00,)) if 0xDC80 <= code <= 0xDCFF else b'\\\\u%04x' % code for code in codes]
    return b''.join(parts), error.end


def pack_all(pack):
    """What a session of jupyter_client makes of a message: what it does itself, and where it raises for a lone surrogate, that escaped. What is no
    JSON, such as NaN beside it, is cleaned as it does."""
    from jupyter_client.jsonutil import json_clean, json_default

    codecs.register_error('runyard-surrogates', escape_surrogates)

    def text_of(part):
        return json.dumps(part, default=json_default, ensure_ascii=False, allow_nan=False)

    def pack_message(part):
        try:
            return pack(part)
        except UnicodeEncodeError:
            pass
        try:
            text = text_of(part)
        except (TypeError, ValueError):
            text = text_of(json_clean(part))
        return text.encode('utf-8', 'runyard-surrogates')

    return pack_message


def should_run(is_async):
    """Whether code is to run as a coroutine. Code that cannot be encoded is none: it is run, which tells of the error as of any other."""

    def should_run_async(*args, **kwargs):
        try:
            return is_async(*args, **kwargs)
        except UnicodeEncodeError:
            return False

    return should_run_async


def show_interrupt(show):
    """Shows the traceback of an interrupt whole: a second interrupt comes soon after one in the first moments of an execution, since the kernel
    may have lost the first, and would take the place of what is shown.
    """

    def showtraceback(*args, **kwargs):
        is_interrupt = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        if not is_interrupt or threading.current_thread() is not threading.main_thread():
            return show(*args, **kwargs)
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return show(*args, **kwargs)
        finally:
            signal.signal(signal.SIGINT, handler)

    return showtraceback


def main():
    # As ipykernel_launcher does: nothing of the working folder is imported before IPython puts it back.
    if sys.path[0] == '' or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    # As if it were not installed.
    sys.modules[DEBUGGER] = None
    sys.modules[TERMINAL] = types.ModuleType(TERMINAL)
    sys.modules[TERMINAL].embed = None
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize()
    # Streams, results, errors, replies and comms are all sent by this one.
    app.session.pack = pack_all(app.session.pack)
    app.shell.should_run_async = should_run(app.shell.should_run_async)
    app.shell.showtraceback = show_interrupt(app.shell.showtraceback)
    # Code may import both.
    del sys.modules[DEBUGGER], sys.modules[TERMINAL]
    load_embed_late()
    # What starting has left behind.
    gc.collect()
    app.start()


if __name__ == '__main__':
    main()
