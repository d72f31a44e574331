import errno
import os

# What a process may usually change about itself by writing to /proc, which is read-only here.
for name, text in (
    ('oom_score_adj', '-1000'), ('uid_map', '0 0 1'), ('gid_map', '0 0 1'), ('setgroups', 'deny'), ('coredump_filter', '255'),
    ('comm', 'init'), ('timerslack_ns', '1'), ('autogroup', '0'), ('loginuid', '0'), ('attr/current', 'unconfined'),
    ('clear_refs', '1'), ('projid_map', '0 0 1'), ('mem', 'x'), ('task/' + str(os.getpid()) + '/comm', 'x'),
):
    try:
        fd = os.open(f'/proc/self/{name}', os.O_WRONLY)
        os.write(fd, text.encode())
        print(name, 'written')
    except OSError as error:
        print(name, 'refused' if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EINVAL) else error)
