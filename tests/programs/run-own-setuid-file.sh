# A copy of a program, made setuid and setgid, in every place that may be written to.
for place in /job /tmp /var/tmp /dev/shm /run; do
  cp /usr/bin/id "$place/me" && chmod 6755 "$place/me"
  echo "$place $("$place/me" -u) $("$place/me" -g)"
done
cp /usr/bin/id /tmp/root && chmod u+s /tmp/root && chown 0 /tmp/root 2>/dev/null && echo 'owned by root'
exit 0
