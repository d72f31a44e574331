"""
Run when Python starts ahead of its program with -X runyard_preload, by a .pth file: imports the modules that are named behind the program,
until the program is there. What was named, and what they print, is not seen afterwards; a module that cannot be imported fails where the
program imports it.
"""

import os
import stat
import sys


def _waits():
    return stat.S_ISFIFO(os.stat(sys.argv[0]).st_mode)


def _import_all(names):
    for name in names:
        if not _waits():
            return
        try:
            __import__(name)
        except BaseException:
            pass


def _preload():
    names = sys.argv[1:]
    del sys.argv[1:]
    del sys._xoptions['runyard_preload']
    sys.orig_argv[1:] = sys.argv
    kept = [(number, os.dup(number)) for number in range(3)]
    silence = os.open(os.devnull, os.O_RDWR)
    try:
        for number, _ in kept:
            os.dup2(silence, number)
        _import_all(names)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        for number, own in kept:
            os.dup2(own, number)
            os.close(own)
        os.close(silence)


_preload()
