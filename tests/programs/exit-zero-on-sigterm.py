import signal
import sys
import time


def leave(*_):
    print('asked to leave')
    sys.exit(0)


signal.signal(signal.SIGTERM, leave)
while True:
    time.sleep(3600)
