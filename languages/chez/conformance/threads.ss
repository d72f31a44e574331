(define (sum first last) (if (> first last) 0 (+ first (sum (+ first 1) last))))
(define lower 0)
(define upper 0)
(define threads
  (list (fork-thread (lambda () (set! lower (sum 1 50))))
        (fork-thread (lambda () (set! upper (sum 51 100))))))
(for-each thread-join threads)
(printf "~a\n" (+ lower upper))
