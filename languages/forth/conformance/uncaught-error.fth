.( before) cr
nosuch
