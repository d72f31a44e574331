import errno
import os


def attempt(size, path):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.posix_fallocate(fd, 0, size)
        return 'allowed'
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(fd)


print(attempt(1 << 40, 'huge'), attempt(12 << 20, 'first'), attempt(12 << 20, 'second'))
