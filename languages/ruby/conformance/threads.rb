threads = [1..50, 51..100].map { |range| Thread.new { range.sum } }
puts threads.sum(&:value)
