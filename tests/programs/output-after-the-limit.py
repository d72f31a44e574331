import os
import signal

# Does all it can to go on after its output is refused.
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        os.write(1, b'more')
    except OSError:
        pass
