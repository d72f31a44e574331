import errno
import os


def attempt(path, act):
    try:
        return f'{path} {act(path)!r}'
    except OSError as error:
        return f'{path} {errno.errorcode[error.errno]}'


def read(path):
    with open(path, 'rb') as file:
        return file.read(100)


def write(path):
    fd = os.open(path, os.O_WRONLY)
    os.write(fd, b'0')
    os.close(fd)
    return 'written'


for name in ('environ', 'maps', 'mem', 'auxv', 'syscall', 'stack', 'personality', 'io'):
    print(attempt(f'/proc/1/{name}', read))
for name in ('root', 'cwd', 'exe', 'ns/pid', 'fd/0'):
    print(attempt(f'/proc/1/{name}', os.readlink))
for name in ('fd', 'root', 'map_files', 'fdinfo'):
    print(attempt(f'/proc/1/{name}', os.listdir))
for name in ('oom_score_adj', 'coredump_filter', 'mem', 'timerslack_ns', 'comm', 'clear_refs', 'sched'):
    print(attempt(f'/proc/1/{name}', write))
