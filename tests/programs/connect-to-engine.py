import errno
import glob
import socket

# Where engines, databases and buses listen, by path and by abstract name.
NAMES = [
    '/run/podman/podman.sock', '/run/docker.sock', '/var/run/docker.sock', '/run/containerd/containerd.sock', '/run/crio/crio.sock',
    '/run/user/0/podman/podman.sock', '/run/redis/redis.sock', '/run/redis/redis-server.sock', '/tmp/redis.sock',
    '/run/dbus/system_bus_socket', '/run/systemd/private', '/run/systemd/notify', '/dev/log', '/run/runyard/podman.sock',
    '\0/containerd-shim', '\0/tmp/dbus', '\0libpod', '\0conmon', '\0crun',
]
reached = []
for name in NAMES:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        if socket.socket(socket.AF_UNIX, kind).connect_ex(name) not in (errno.ENOENT, errno.ECONNREFUSED):
            reached.append(name)
print('reached:', reached)
print('sockets:', [path for place in ('/run', '/tmp', '/var', '/dev') for path in glob.glob(f'{place}/**/*.sock', recursive=True)])
with open('/proc/net/unix') as file:
    print('in the table:', len(file.readlines()) - 1)
