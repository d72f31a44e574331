import os

# Orphans as fast as can be: process 1 has to take every one of them in.
print('storm')
while True:
    try:
        child = os.fork()
        if child == 0:
            os.fork()
            os._exit(0)
        os.waitpid(child, 0)
    except OSError:
        pass
