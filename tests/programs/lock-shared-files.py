import errno
import fcntl
import os
import signal
import sys

# The image is everybody's: locks and leases on its files would be too.
taken = 0
for path in ('/usr/bin/env', '/etc/passwd', '/bin/sh', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'):
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        taken += 1
    except OSError as error:
        print(path, errno.errorcode[error.errno])
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        print('lease on', path)
    except OSError:
        pass
print('locked', taken, flush=True)
if sys.argv[1:] == ['and wait']:
    signal.pause()
