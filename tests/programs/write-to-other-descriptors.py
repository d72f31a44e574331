import os

# Only the three streams are there; whatever else is open would be ours.
print(sorted(os.listdir('/proc/self/fd'), key=int)[:-1])
for fd in range(3, 64):
    try:
        os.write(fd, b'D\0\0\0\0')
        print(fd, 'is open')
    except OSError:
        pass
