fish --no-config -c 'math (string join + (seq 1 50))' >lower &
fish --no-config -c 'math (string join + (seq 51 100))' >upper &
wait
math (cat lower) + (cat upper)
