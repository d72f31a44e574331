#lang racket/base
(displayln (call-with-input-file "beside.txt" read-line))
