#lang racket/base
(for ([word (current-command-line-arguments)])
  (printf "[~a]\n" word))
