mkdir -p d && cd d
for i in $(seq 60); do mkdir d && cd d || exit; done
chmod 0 /job
echo deep
