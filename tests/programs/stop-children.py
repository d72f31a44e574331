import os
import signal
import time

# Stopped children neither see a polite signal nor end when the parent does.
for _ in range(5):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(3600)
time.sleep(0.1)
print('left stopped')
