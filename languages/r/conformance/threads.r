parts <- parallel::mclapply(list(1:50, 51:100), sum, mc.cores = 2)
cat(Reduce(`+`, parts), "\n", sep = "")
