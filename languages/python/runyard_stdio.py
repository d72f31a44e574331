"""Run when Python starts, by a .pth file: see stdio.c. PYTHONUNBUFFERED and a terminal keep their meaning."""

import os
import sys
from io import TextIOWrapper


def _replace(name):
    text = getattr(sys, name)
    if text is None or text.write_through or (name == 'stdout' and text.line_buffering):
        return
    encoding, errors = text.encoding, text.errors
    raw = text.detach().detach()
    made = TextIOWrapper(Writer(raw), encoding, errors, newline='\n', write_through=True)
    made.mode = 'w'
    setattr(sys, name, made)
    setattr(sys, f'__{name}__', made)


if 'PYTHONUNBUFFERED' not in os.environ:
    try:
        from _runyard_stdio import Writer
    except ImportError:
        # An interpreter inside of this one, which takes no extension that is not made for it.
        sys.stdout.reconfigure(line_buffering=True)
    else:
        _replace('stdout')
        _replace('stderr')
        del sys.modules['_runyard_stdio']
