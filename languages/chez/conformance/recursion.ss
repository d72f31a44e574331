(define (sum n) (if (= n 0) 0 (+ n (sum (- n 1)))))
(printf "~a\n" (sum 10000))
