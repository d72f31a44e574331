(display "out\n")
(display "err\n" (console-error-port))
