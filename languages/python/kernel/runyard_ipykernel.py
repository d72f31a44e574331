"""IPython's kernel as ipykernel_launcher starts it, without what would be loaded with it and no session can use: it costs each session memory, and
time to start. That is the debugger, whose messages do not pass the bridge, and IPython's shell for terminals, which it imports for `embed`.
"""

import gc
import sys
import types
from pathlib import Path

DEBUGGER, TERMINAL = 'debugpy', 'IPython.terminal.embed'


def embed(**options):
    """`IPython.embed`, loaded when it is called."""
    from IPython.terminal.embed import embed as embed_now

    return embed_now(**options)


def main():
    # As ipykernel_launcher does: nothing of the working folder is imported before IPython puts it back.
    if sys.path[0] == '' or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    # As if it were not installed.
    sys.modules[DEBUGGER] = None
    sys.modules[TERMINAL] = types.ModuleType(TERMINAL)
    sys.modules[TERMINAL].embed = embed
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize()
    # Code may import both.
    del sys.modules[DEBUGGER], sys.modules[TERMINAL]
    # What starting has left behind.
    gc.collect()
    app.start()


if __name__ == '__main__':
    main()
