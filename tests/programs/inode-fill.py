import errno
import itertools
import os

for number in itertools.count():
    try:
        os.mkdir(f'/tmp/{number}')
    except OSError as error:
        print('below 1024' if number < 1024 else number, errno.errorcode[error.errno])
        break
