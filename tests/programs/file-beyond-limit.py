import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
fd = os.open('big', os.O_CREAT | os.O_WRONLY)
os.lseek(fd, 1 << 40, os.SEEK_SET)
os.write(fd, b'x')
print('written')
