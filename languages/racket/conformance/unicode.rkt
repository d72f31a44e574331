#lang racket/base
(displayln (read-line))
(displayln "Äpfel, 日本 🚀")
