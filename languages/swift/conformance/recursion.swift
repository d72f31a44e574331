func sum(_ n: Int) -> Int { n == 0 ? 0 : n + sum(n - 1) }

print(sum(10_000))
