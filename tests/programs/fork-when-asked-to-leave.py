import os
import signal
import time


def multiply(*_):
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()


signal.signal(signal.SIGTERM, multiply)
print('waiting')
while True:
    time.sleep(1)
