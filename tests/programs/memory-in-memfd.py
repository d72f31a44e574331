import os

fd = os.memfd_create('hoard')
os.set_inheritable(fd, True)
while True:
    for _ in range(16):
        fd = os.memfd_create('hoard')
        for _ in range(8):
            os.write(fd, b'x' * (1 << 20))
