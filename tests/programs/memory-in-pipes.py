import fcntl
import os

# Bytes nobody reads, in pipes made as large as may be.
full = 0
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
                full += os.write(writer, b'x' * 65536)
        except BlockingIOError:
            pass
except OSError as error:
    print('below 130 MiB:', full < 130 << 20, error.strerror)
