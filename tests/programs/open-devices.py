import os
import stat

# Every device there is, and those that would be a way out were they there.
WANTED = ('mem kmem port kmsg console tty0 tty1 ttyS0 fuse kvm net/tun loop0 loop-control mapper/control sda vda nvme0 '
          'vhost-net vhost-vsock vsock cpu/0/msr cpu_dma_latency snapshot userfaultfd hwrng rtc uinput input/event0 '
          'dri/card0 nvidia0 watchdog autofs btrfs-control cuse ppp uhid vfio/vfio').split()
print('there:', [name for name in WANTED if os.path.lexists(f'/dev/{name}')])
strange = []
for folder, folders, files in os.walk('/dev'):
    for name in files:
        status = os.lstat(f'{folder}/{name}')
        if stat.S_ISBLK(status.st_mode):
            strange.append(name)
        if stat.S_ISCHR(status.st_mode) and (os.major(status.st_rdev), os.minor(status.st_rdev)) not in (
            (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)
        ):
            strange.append(name)
print('strange:', strange)
try:
    os.open('/dev/tty', os.O_RDWR)
    print('a terminal')
except OSError:
    print('no terminal')
