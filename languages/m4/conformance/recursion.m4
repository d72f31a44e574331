define(`sum', `ifelse($1, `0', `0', `eval($1 + sum(decr($1)))')')dnl
sum(10000)
