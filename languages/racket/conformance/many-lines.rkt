#lang racket/base
(for ([i (in-range 1 100001)])
  (displayln i))
