# As low as an unprivileged process may go, with half of the memory in files: the process itself is small.
for score in range(0, 1001, 100):
    try:
        with open('/proc/self/oom_score_adj', 'w') as file:
            file.write(str(score))
        break
    except OSError:
        pass
with open('/dev/shm/file', 'wb') as file:
    for _ in range(60):
        file.write(b'x' * (1 << 20))
heap = [bytearray(b'x' * (1 << 20)) for _ in range(90)]
