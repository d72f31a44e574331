import errno
import os
import time

count = 1
while True:
    try:
        if os.fork() == 0:
            time.sleep(3600)
        count += 1
    except OSError as error:
        print(count, 'processes, then', errno.errorcode[error.errno])
        break
