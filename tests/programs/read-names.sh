cat /etc/hosts /etc/hostname /etc/resolv.conf
hostname
cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname
getent hosts sandbox localhost
getent hosts redis podman host.containers.internal host.docker.internal gateway
id
