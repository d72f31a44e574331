setsid bash -c 'trap "" TERM HUP; while :; do echo x >> /tmp/more; : > "/job/file-$RANDOM"; done' &
sleep 0.1
echo left
