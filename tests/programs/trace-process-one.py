import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
for request in (PTRACE_ATTACH, PTRACE_SEIZE):
    result = libc.ptrace(request, 1, None, None)
    print(result, errno.errorcode[ctypes.get_errno()])
