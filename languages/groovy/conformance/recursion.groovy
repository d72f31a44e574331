int sum(int n) {
    n == 0 ? 0 : n + sum(n - 1)
}

println sum(10000)
