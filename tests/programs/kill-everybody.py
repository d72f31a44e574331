import os
import signal
import time

child = os.fork()
if child == 0:
    time.sleep(3600)
os.kill(-1, signal.SIGKILL)
_, status = os.waitpid(child, 0)
print('child killed by', os.WTERMSIG(status))
try:
    os.kill(-1, signal.SIGKILL)
except OSError as error:
    print('nobody else:', error.strerror)
