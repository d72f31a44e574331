import errno
import os
import signal
import threading
import time

answers = set()
for number in signal.valid_signals():
    try:
        os.kill(1, number)
        answers.add('delivered')
    except OSError as error:
        answers.add(errno.errorcode[error.errno])
print(*sorted(answers))
