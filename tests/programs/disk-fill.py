import errno
import itertools
import os

total = 0
for number in itertools.count():
    place = ['/job', '/tmp', '/var/tmp', '/dev/shm', '/run'][number % 5]
    try:
        with open(f'{place}/fill-{number}', 'wb', buffering=0) as file:
            while file.tell() < 1 << 20:
                total += file.write(b'x' * 65536)
    except OSError as error:
        print(total >> 20, 'MiB, then', errno.errorcode[error.errno])
        break
try:
    open('/job/one-more', 'wb', buffering=0).write(b'x' * 65536)
    print('one more was written')
except OSError as error:
    print('one more:', errno.errorcode[error.errno])
