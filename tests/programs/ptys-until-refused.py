import errno
import os

count = 0
try:
    while True:
        os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)
        count += 1
except OSError as error:
    print('at most as many as open files:', count <= 60, errno.errorcode[error.errno])
