echo ready
while :; do cat /etc/hosts /etc/passwd /usr/bin/env > /dev/null; /usr/bin/true; done
