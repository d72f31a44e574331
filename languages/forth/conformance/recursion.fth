: sum ( n -- total ) dup if dup 1- recurse + then ;
400 sum 0 .r cr
