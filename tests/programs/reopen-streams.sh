echo by name >/dev/stdout
echo error by name >/dev/stderr
echo by link >/proc/self/fd/1
cat /dev/stdin
