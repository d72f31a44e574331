cat(readLines("beside.txt"), sep = "\n")
cat("\n")
