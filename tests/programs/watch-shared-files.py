import ctypes
import errno
import select

# Whether the neighbour, who begins and reads all the while, shows in watches on what all share: the image, and the machine's
# own devices.
libc = ctypes.CDLL(None, use_errno=True)
watch = libc.inotify_init1(0)
if watch < 0:
    print('no watches:', errno.errorcode[ctypes.get_errno()])
else:
    for path in (b'/usr/bin', b'/usr/lib', b'/etc', b'/etc/hosts', b'/dev', b'/dev/pts', b'/dev/null', b'/proc', b'/'):
        libc.inotify_add_watch(watch, path, 0xFFF)
    readable, _, _ = select.select([watch], [], [], 0.5)
    print('seen' if readable else 'nothing seen')
