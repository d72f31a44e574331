import errno
import os

# The machine has one number of terminals for all; a sandbox has a few of them.
count = 0
try:
    while True:
        os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)
        count += 1
except OSError as error:
    print(count, 'terminals, then', errno.errorcode[error.errno])
