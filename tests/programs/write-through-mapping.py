import mmap
import os

# The file has no blocks; each page written through the mapping takes one, until the file system is full.
os.posix_fallocate(os.open('full', os.O_RDWR | os.O_CREAT), 0, 14 << 20)
with open('sparse', 'w+b') as file:
    os.truncate(file.fileno(), 8 << 20)
    mapped = mmap.mmap(file.fileno(), 8 << 20)
    print('writing')
    for page in range(0, 8 << 20, 4096):
        mapped[page] = 1
print('written past the end of the disk')
