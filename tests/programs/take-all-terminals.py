import os
import signal
import time

for _ in range(60):
    if os.fork() == 0:
        try:
            while True:
                os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)
        except OSError:
            os.write(1, b'.')
            signal.pause()
time.sleep(0.5)
print('ready', flush=True)
signal.pause()
