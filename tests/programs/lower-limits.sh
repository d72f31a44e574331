# What a program takes from itself it does not take from the next.
ulimit -f 0
ulimit -n 3
ulimit -u 1
ulimit -s 128
ulimit -t 1
ulimit -v 100000
umask 777
trap '' HUP INT QUIT USR1 USR2 PIPE ALRM TERM TSTP CHLD
echo lowered
