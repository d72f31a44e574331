import os

# Every process replaces itself as soon as it runs: there is never one to be found for long.
if os.fork() == 0:
    os.setsid()
    while True:
        try:
            if os.fork() > 0:
                os._exit(0)
        except OSError:
            pass
print('left')
