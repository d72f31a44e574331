import ctypes
import errno
import os
import shutil
import subprocess


def attempt(name, act):
    try:
        act()
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])


attempt('setuid', lambda: os.setuid(0))
attempt('setresuid', lambda: os.setresuid(0, 0, 0))
attempt('setgid', lambda: os.setgid(0))
attempt('setgroups', lambda: os.setgroups([0]))
attempt('chown', lambda: os.chown('/job', 0, 0))
attempt('nice', lambda: os.nice(-5))
shutil.copy('/usr/bin/id', '/tmp/id')
os.chmod('/tmp/id', 0o6755)
print(subprocess.run(['/tmp/id', '-u'], capture_output=True, text=True).stdout.strip())
with open('/proc/self/status') as status:
    for line in status:
        if line.startswith(('Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp:')):
            print(*line.split())
