(display "before\n")
(error "boom")
