import os
import time

for fd in range(3):
    os.close(fd)
time.sleep(0.2)
os._exit(4)
