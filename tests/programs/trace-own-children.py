import ctypes
import errno
import os
import signal
import time

libc = ctypes.CDLL(None, use_errno=True)
child = os.fork()
if child == 0:
    print('traceme', libc.ptrace(0, 0, 0, 0), errno.errorcode[ctypes.get_errno()])
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(3600)
os.waitpid(child, os.WUNTRACED)
for name, request in (('attach', 16), ('seize', 0x4206)):
    print(name, libc.ptrace(request, child, 0, 0), errno.errorcode[ctypes.get_errno()])
