def sum(n: Int): Int = if n == 0 then 0 else n + sum(n - 1)

@main def recursion() = println(sum(10_000))
