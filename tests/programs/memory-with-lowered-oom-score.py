import itertools

# As low as an unprivileged process may go: the memory is in files, so the process itself is small.
for score in range(0, 1001, 100):
    try:
        with open('/proc/self/oom_score_adj', 'w') as file:
            file.write(str(score))
        break
    except OSError:
        pass
for number in itertools.count():
    with open(f'/dev/shm/{number}', 'wb') as file:
        for _ in range(16):
            file.write(b'x' * (256 << 10))
