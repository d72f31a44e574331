(format t "before~%")
(error "boom")
