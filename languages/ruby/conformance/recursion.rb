def sum(n) = n.zero? ? 0 : n + sum(n - 1)

puts sum(10_000)
