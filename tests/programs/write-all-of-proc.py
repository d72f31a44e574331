import os

# Every file below /proc and /sys but those of the own process, opened for writing.
opened = []
seen = 0
for root in ('/proc', '/sys'):
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not (folder == '/proc' and (name == str(os.getpid()) or name in ('self', 'thread-self')))]
        for name in files:
            path = f'{folder}/{name}'
            seen += 1
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                # A covered one is the null device, which takes anything.
                if os.stat(path).st_rdev != os.makedev(1, 3):
                    opened.append(path)
            except OSError:
                pass
print('more than 500 files:', seen > 500)
print('opened:', opened)
