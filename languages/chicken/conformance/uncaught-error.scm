(print "before")
(error "boom")
