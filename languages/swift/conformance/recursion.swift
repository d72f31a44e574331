// Compiled as it is written: the optimizer makes no loop of it.
@_optimize(none)
func sum(_ n: Int) -> Int { n == 0 ? 0 : n + sum(n - 1) }

print(sum(10_000))
