import errno
import glob

# Words that tell of the host: what surrounds the sandbox must not be seen from inside.
WORDS = ['redis', 'podman', 'containers/storage', 'RUNYARD', 'libpod', 'conmon', 'BOOT_IMAGE', 'root=', '/home/', '/var/lib']
FILES = ['/proc/cmdline', '/proc/1/cmdline', '/proc/self/environ', '/proc/self/cgroup', '/proc/self/mounts',
         '/proc/partitions', '/proc/diskstats', '/proc/keys', '/proc/modules', '/proc/kallsyms', '/proc/config.gz',
         '/proc/sched_debug', '/proc/timer_list', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf',
         '/proc/self/mountinfo', '/proc/net/route', '/proc/net/arp', '/run/.containerenv', '/etc/machine-id',
         '/proc/swaps', '/proc/self/mountstats']


def told(line):
    # The kernel tells the layers of an overlay to whoever may see the mount at all; nothing can take that from the root.
    words = line.split()
    if 'overlay' in words and '/' in words:
        line = ' '.join(word for word in words if 'lowerdir=' not in word)
    return [word for word in WORDS if word in line]


for path in FILES:
    try:
        with open(path, errors='replace') as file:
            lines = file.read(1 << 20).splitlines()
    except OSError:
        continue
    for line in lines:
        for word in told(line):
            print(path, 'tells', word, 'in', line)
for path in ('/proc/kcore', '/proc/kmsg', '/dev/mem', '/dev/kmsg', '/proc/sysrq-trigger'):
    try:
        with open(path, 'rb') as file:
            print(path, 'ENOENT or empty' if file.read(16) == b'' else 'has content')
    except OSError as error:
        print(path, 'ENOENT or empty' if error.errno == errno.ENOENT else errno.errorcode[error.errno])
for pattern in ('/run/*', '/run/**/*.sock', '/var/run/docker.sock', '/sys/*', '/root/*'):
    for path in glob.glob(pattern, recursive=True):
        print(path, 'is there')
