#lang racket/base
(displayln "out")
(eprintf "err\n")
