import os

# What anybody may read of process 1, and what it tells.
for name in ('cmdline', 'comm', 'environ', 'cgroup', 'limits', 'mounts', 'mountinfo', 'maps', 'status', 'sched', 'oom_score_adj'):
    try:
        with open(f'/proc/1/{name}', 'rb') as file:
            content = file.read()
        words = [word for word in (b'redis', b'podman', b'libpod', b'RUNYARD', b'KEY', b'SECRET', b'/home', b'conmon') if word in content]
        print(name, 'readable', words)
    except OSError as error:
        print(name, 'refused')
print(len(os.listdir('/proc/1/task')), 'thread')
