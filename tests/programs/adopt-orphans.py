import ctypes
import os
import time

# Who takes in orphans keeps them from process 1, until it dies itself.
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
for _ in range(5):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()
with open(f'/proc/self/task/{os.getpid()}/children') as file:
    print('adopted', len(file.read().split()))
