import os
import time

# One name is a file, a folder, a link out and a FIFO, in turn, as fast as can be, while the program is ended.
if os.fork() == 0:
    print('swapping')
    os.mkfifo('fifo')
    os.mkdir('folder')
    os.symlink('/etc', 'link')
    while True:
        for name in ('fifo', 'folder', 'link', 'main.py'):
            try:
                os.rename(name, 'now')
                os.rename('now', name)
            except OSError:
                pass
time.sleep(3600)
