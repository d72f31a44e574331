import os
import resource
import signal

# A limit on core files of 0 still starts the machine's own handler; that the limit stays is what keeps it away.
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(resource.getrlimit(resource.RLIMIT_CORE))
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGQUIT)
_, status = os.waitpid(child, 0)
print('dumped' if os.WCOREDUMP(status) else 'not dumped', sorted(os.listdir('.')))
