#lang racket/base
(define (sum n)
  (if (zero? n) 0 (+ n (sum (sub1 n)))))
(displayln (sum 10000))
