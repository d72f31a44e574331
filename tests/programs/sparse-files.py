import errno
import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for name, size in (('exbibyte', 1 << 60), ('tebibyte', 1 << 40), ('at the limit', 16 << 20)):
    try:
        with open(name, 'wb') as file:
            os.truncate(file.fileno(), size)
        print(name, 'made')
    except OSError as error:
        print(name, errno.errorcode[error.errno])
status = os.statvfs('.')
print('taken less than a mebibyte:', (status.f_blocks - status.f_bfree) * status.f_frsize < 1 << 20)
