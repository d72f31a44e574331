#lang racket/base
(for ([line (in-lines)])
  (printf "[~a]\n" line))
