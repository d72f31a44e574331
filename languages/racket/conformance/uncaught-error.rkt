#lang racket/base
(displayln "before")
(error "boom")
