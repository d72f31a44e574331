import os
import re
import sys

# The words come by standard input: what the platform keeps to itself. They are looked for in all that can be read, and with
# them one that is there.
THERE = 'localhost sandbox'
words = [word.encode() for word in [*sys.stdin.read().split('\n'), THERE] if len(word) > 3]
found = set()


def search(path, label=None):
    try:
        with open(path, 'rb') as file:
            content = file.read(1 << 16)
    except OSError:
        return
    for word in words:
        if re.search(rb'(?<![\w.-])' + re.escape(word) + rb'(?![\w.-])', content):
            found.add(f'{label or path}: {word.decode()}')


for root in ('/etc', '/run', '/var/tmp', '/var/log', '/var/spool', '/tmp', '/dev/shm', '/home', '/root', '/opt', '/srv', '/mnt', '/media', '/sys'):
    for folder, _, files in os.walk(root):
        for name in files:
            search(f'{folder}/{name}')
for folder, folders, files in os.walk('/proc'):
    folders[:] = [name for name in folders if name not in ('task', 'map_files', 'fd', 'thread-self', 'self')]
    for name in files:
        if name not in ('mem', 'pagemap', 'kmsg', 'kpagecount', 'kpageflags', 'kcore', 'clear_refs'):
            search(f'{folder}/{name}')
for name, value in os.environ.items():
    for word in words:
        if word in f'{name}={value}'.encode():
            found.add(f'environment: {name}')
for word in words:
    if word in ' '.join(os.uname()).encode().split():
        found.add('uname')
print(len(words) > 4, 'found:', sorted(found))
