cat(sprintf("%d\n", 1:100000), sep = "")
