total <- function(n) if (n == 0) 0 else n + total(n - 1)
cat(format(total(10000)), "\n", sep = "")
