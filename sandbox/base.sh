#!/bin/sh
# Turns a minimal Debian root into the base image of every language. Runs as root inside that root, once, while the image
# is built; the file itself does not stay in the image. A change of it rebuilds every image.
set -eu

# The one account programs run under. Nothing in the image belongs to it: its folder is a tmpfs when a job runs.
useradd --uid 1000 --user-group --no-create-home --home-dir /job --shell /bin/sh runner
mkdir -p /job
chown 0:0 /job
chmod 0755 /job

apt-get update
# Time zones: most standard libraries look for them here.
apt-get install --yes --no-install-recommends tzdata
# What scripts call, and people expect in a shell.
apt-get install --yes --no-install-recommends bsdextrautils less patch procps tree unzip xz-utils zip

# The locales programs ask for by name, beside C.UTF-8; their sources are ten times as large.
apt-get install --yes --no-install-recommends locales
for locale in de_DE en_GB en_US es_ES fr_FR; do localedef -i "$locale" -f UTF-8 "$locale.UTF-8"; done
mv /usr/lib/locale/locale-archive /tmp
apt-get purge --yes --autoremove locales
mv /tmp/locale-archive /usr/lib/locale/

# Nothing may gain rights by being executed. Init refuses that for a job's processes as well (no_new_privs).
find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# What tells of the machine the image was made on, and what only a package manager reads.
for file in /etc/hostname /etc/machine-id /etc/resolv.conf; do
  if [ -f "$file" ] && ! grep -q " $file " /proc/self/mountinfo; then : >"$file"; fi
done
find /var/log -type f -delete
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/lintian /tmp/* /var/tmp/*
