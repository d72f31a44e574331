(
  trap '' TERM HUP
  for ((i = 0; i < 2000; i++)); do echo late; done
  : > written
  while :; do echo late; done
) &
until [ -e written ]; do sleep 0.1; done
exit 0
