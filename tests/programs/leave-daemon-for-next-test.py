import os
import time

others = [name for name in os.listdir('/proc') if name.isdigit() and int(name) not in (1, os.getpid())]
print('others:', len(others))
if os.fork() == 0:
    os.setsid()
    time.sleep(3600)
