(do ((i 1 (+ i 1))) ((> i 100000)) (printf "~a\n" i))
