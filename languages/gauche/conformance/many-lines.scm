(dotimes (i 100000) (print (+ i 1)))
