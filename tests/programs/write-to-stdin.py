import errno
import os

for name, act in (
    ('its end', lambda: os.write(0, b'x')),
    ('by name', lambda: os.write(os.open('/proc/self/fd/0', os.O_WRONLY | os.O_NONBLOCK), b'echo')),
):
    try:
        print(name, act())
    except OSError as error:
        print(name, errno.errorcode[error.errno])
print(len(os.read(0, 100)) > 0)
