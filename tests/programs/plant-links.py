import os
import socket

os.mkdir('out')
os.chdir('out')
for name, target in {
    'passwd': '/etc/passwd',
    'random': '/dev/urandom',
    'environ': '/proc/1/environ',
    'self': 'self',
    'etc': '/etc',
    'root': '/proc/self/root',
    'up': '../../..',
}.items():
    os.symlink(target, name)
os.mkfifo('fifo')
socket.socket(socket.AF_UNIX).bind('socket')
os.mkdir(b'line\nfeed')
open(b'\xff', 'w').close()
open('locked', 'w').close()
os.chmod('locked', 0)
open('own', 'w').write('own')
os.link('own', 'own too')
print('planted')
