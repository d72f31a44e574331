import mmap

print('mapping')
shared = mmap.mmap(-1, 1 << 30)
for page in range(0, 1 << 30, 4096):
    shared[page] = 1
print('mapped')
