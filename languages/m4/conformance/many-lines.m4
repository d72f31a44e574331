define(`count', `$1
ifelse($1, `100000', `', `count(incr($1))')')dnl
count(1)dnl
