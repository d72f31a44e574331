#!/bin/sh
# What the container "engine" of a worker's pod runs: makes the images that the node has not yet, then podman's service.
set -eu
cd /srv/runyard

# Under cgroup v2 a group that has processes cannot hand controllers to groups below it, where podman puts its sandboxes. So what
# runs here goes into a group of its own first.
cgroup=/sys/fs/cgroup
if [ -f "$cgroup/cgroup.controllers" ]; then
  mkdir -p "$cgroup/runyard"
  while read -r process; do
    echo "$process" >"$cgroup/runyard/cgroup.procs" 2>/dev/null || true
  done <"$cgroup/cgroup.procs"
  for controller in cpu memory pids; do echo "+$controller" >"$cgroup/cgroup.subtree_control"; done
fi

node dist/cli/main.js setup --languages "$RUNYARD_LANGUAGES"
exec node dist/cli/main.js engine --folder /run/runyard --group 10001
