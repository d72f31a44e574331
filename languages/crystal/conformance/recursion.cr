def sum(n : Int32) : Int32
  n == 0 ? 0 : n + sum(n - 1)
end

puts sum(10_000)
