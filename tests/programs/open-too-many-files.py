import errno
import os

count = 3
while True:
    try:
        os.open('/dev/null', os.O_RDONLY)
        count += 1
    except OSError as error:
        print(count, 'open, then', errno.errorcode[error.errno])
        break
