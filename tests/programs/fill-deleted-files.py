import errno
import os

# A file without a name takes room all the same.
total = 0
kept = []
try:
    while True:
        fd = os.open('/tmp', os.O_TMPFILE | os.O_RDWR) if len(kept) % 2 else os.open('/tmp/file', os.O_CREAT | os.O_RDWR)
        kept.append(fd)
        if len(kept) % 2:
            os.remove('/tmp/file')
        total += os.write(fd, bytes(1 << 20))
except OSError as error:
    print(total >> 20, 'MiB, then', errno.errorcode[error.errno])
