#lang racket/base
(define lower 0)
(define upper 0)
(define threads
  (list (thread (lambda () (for ([n (in-range 1 51)]) (set! lower (+ lower n)))))
        (thread (lambda () (for ([n (in-range 51 101)]) (set! upper (+ upper n)))))))
(for-each thread-wait threads)
(displayln (+ lower upper))
