import fcntl
import os

# The pipe is shared with whoever reads it; the mode of this end is not.
fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_NONBLOCK | os.O_ASYNC | os.O_APPEND)
written = 0
refused = False
while written < 400_000:
    try:
        written += os.write(1, b'x' * min(4000, 400_000 - written))
    except BlockingIOError:
        refused = True
os.write(2, b'asked again\n' if refused or written else b'')
