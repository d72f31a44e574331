import ctypes
import signal

# A microsecond apart, and as many timers as the kernel gives.
libc = ctypes.CDLL(None, use_errno=True)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
every = (ctypes.c_long * 4)(0, 1000, 0, 1000)
timers = 0
while timers < 100_000:
    timer = ctypes.c_void_p()
    event = (ctypes.c_char * 64)()
    event[8] = signal.SIGALRM
    if libc.timer_create(1, event, ctypes.byref(timer)) < 0:
        break
    libc.timer_settime(timer, 0, every, None)
    timers += 1
    if timers == 1000:
        print('storm')
while True:
    pass
