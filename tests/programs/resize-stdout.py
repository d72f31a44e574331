import fcntl
import os

# Small, huge, and back, with data in it.
for size in (4096, 1 << 20, 8192, 1 << 16, 4096):
    os.write(1, b'x' * 1000)
    try:
        fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, size)
    except OSError:
        os.write(2, b'refused\n')
    os.write(1, b'y' * 20_000)
