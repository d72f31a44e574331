import fcntl
import os
import time

# Bytes nobody reads, in pipes made as large as may be, in as many processes as it takes.
for _ in range(8):
    if os.fork() == 0:
        break
kept = []
try:
    while True:
        reader, writer = os.pipe2(os.O_NONBLOCK)
        kept += [reader, writer]
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass
        try:
            while True:
                os.write(writer, b'x' * 65536)
        except BlockingIOError:
            pass
except OSError:
    time.sleep(3600)
