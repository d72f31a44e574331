import os
import signal

# Two groups that send each other every signal there is.
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM}:
    signal.signal(number, signal.SIG_IGN)
print('storm')
for _ in range(6):
    if os.fork() == 0:
        break
while True:
    for number in range(40, 60):
        os.kill(-1, number)
        os.kill(0, number)
