"""IPython's kernel as ipykernel_launcher starts it, without what would be loaded with it and no session can use: it costs each session memory, and
time to start. That is the debugger, whose messages do not pass the bridge, and IPython's shell for terminals, which it imports for `embed`.
"""

import gc
import sys
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
    # Code may import both.
    del sys.modules[DEBUGGER], sys.modules[TERMINAL]
    load_embed_late()
    # What starting has left behind.
    gc.collect()
    app.start()


if __name__ == '__main__':
    main()
