cat("out\n")
message("err")
