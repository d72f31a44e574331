"""Becomes init on a kernel that has no notices to give, or gives them to somebody else already.

usage: refuse-listeners.py OPERATION FLAG ERRNO

The system call seccomp(OPERATION, flags) with FLAG among the flags fails from here on (FLAG 0: whatever the flags).
"""
import ctypes
import os
import struct
import sys

SECCOMP = {'x86_64': 317, 'aarch64': 277}[os.uname().machine]
LOAD, EQUAL, SET, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, FAIL = 0x7fff0000, 0x00050000
NUMBER, FIRST, SECOND = 0, 16, 24
PR_SET_SECCOMP, MODE_FILTER = 22, 2

operation, flag, errno = map(int, sys.argv[1:])
rules = [
    (LOAD, 0, 0, NUMBER), (EQUAL, 0, 5, SECCOMP),
    (LOAD, 0, 0, FIRST), (EQUAL, 0, 3, operation),
    (LOAD, 0, 0, SECOND), (SET, 0, 1, flag) if flag else (EQUAL, 0, 0, 0),
    (RETURN, 0, 0, FAIL | errno),
    (RETURN, 0, 0, ALLOW),
]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(rules), ctypes.addressof(code)))
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0) != 0:
    sys.exit('no filter')
os.execv('/.runyard/init', ['init', '--bytes=1048576'])
