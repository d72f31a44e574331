parts = parapply(range -> sum(n = range[1], range[2], n), [[1, 50], [51, 100]])
print(vecsum(parts))
