head -c 70000 | wc -c
