# A signal handler prints while the program does; what each prints is there.
import signal

calls = 0


def handler(*_):
    global calls
    calls += 1
    print("handler", calls, flush=True)
    # Only now, so that no second call comes between the parts of this print.
    signal.setitimer(signal.ITIMER_REAL, 0.002)


signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.002)
while calls < 20:
    print("program", calls)
signal.setitimer(signal.ITIMER_REAL, 0)
