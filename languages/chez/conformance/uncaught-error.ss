(display "before\n")
(error 'main "boom")
