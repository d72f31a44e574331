import os
import sys

child = os.fork()
if child == 0:
    hoard = []
    while True:
        hoard.append(bytearray(4 << 20))
_, status = os.waitpid(child, 0)
print('child killed by', os.WTERMSIG(status))
sys.exit(int(sys.argv[1]))
