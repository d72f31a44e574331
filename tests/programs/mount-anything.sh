try() { "$@" >/dev/null 2>&1 && echo "$* worked"; }
mkdir m
try mount -t tmpfs none m
try mount -t proc none m
try mount -t sysfs none m
try mount -t cgroup none m
try mount -t cgroup2 none m
try mount -t overlay -o lowerdir=/usr,upperdir=/tmp,workdir=/run overlay m
try mount --bind / m
try mount --make-rshared /
try mount -o remount,rw /
try mount -o remount,rw /proc
try mount -o remount,size=100G /job
try umount /proc
try umount -l /etc/hosts
try umount -l /sys
try umount -l /
try pivot_root . m
try chroot . /bin/true
try swapon main.sh
echo tried
