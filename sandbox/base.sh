#!/bin/sh
# Turns a minimal Debian root into the base image of every language. Runs as root inside that root, once, while the image
# is built; the file itself does not stay in the image. A change of it rebuilds every image.
set -eu

# The one account programs run under. Nothing in the image belongs to it: its folder is a tmpfs when a job runs.
useradd --uid 1000 --user-group --no-create-home --home-dir /job --shell /bin/sh runner
mkdir -p /job
chown 0:0 /job
chmod 0755 /job

# Time zones: most standard libraries look for them here.
apt-get update
apt-get install --yes --no-install-recommends tzdata

# Nothing may gain rights by being executed. Init refuses that for a job's processes as well (no_new_privs).
find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# What tells of the machine the image was made on, and what only a package manager reads.
for file in /etc/hostname /etc/machine-id /etc/resolv.conf; do
  if [ -f "$file" ] && ! grep -q " $file " /proc/self/mountinfo; then : >"$file"; fi
done
find /var/log -type f -delete
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/lintian /tmp/* /var/tmp/*
