for i in {1..30}; do setsid sleep 3600 & done
for i in {1..30}; do setsid sleep 3600 >&2 & done
echo held
