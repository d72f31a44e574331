total(n) = if(n == 0, 0, n + total(n - 1))
print(total(10000))
