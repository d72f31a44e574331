import errno
import os


def attempt(name, act):
    try:
        act()
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])


for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run', '/proc', '/dev', '/'):
    attempt(f'rename {folder}', lambda: os.rename(folder, '/tmp/moved' if folder != '/tmp' else '/job/moved'))
    attempt(f'rmdir {folder}', lambda: os.rmdir(folder))
attempt('link over /job', lambda: os.symlink('/etc', '/job'))
attempt('link beside /job', lambda: os.symlink('/etc', '/job/../beside'))
attempt('exchange', lambda: os.replace('/job', '/run'))
