1.upto(100_000) { |i| puts i }
