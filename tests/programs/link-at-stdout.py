import errno
import os


def attempt(name, act):
    try:
        act()
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])


print(os.readlink('/proc/self/fd/1').split('[')[0], os.readlink('/dev/stdout'))
attempt('remove /dev/stdout', lambda: os.remove('/dev/stdout'))
attempt('link at /dev/stdout', lambda: os.symlink('/etc/passwd', '/dev/stdout'))
attempt('move onto /dev/stdout', lambda: os.rename('/job/main.py', '/dev/stdout'))
attempt('remove its entry in /proc', lambda: os.remove('/proc/self/fd/1'))
attempt('truncate', lambda: os.truncate('/dev/stdout', 0))
attempt('change its mode', lambda: os.chmod('/proc/self/fd/1', 0o600))
attempt('seek', lambda: os.lseek(1, 0, os.SEEK_SET))
print('still written')
