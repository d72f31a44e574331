parts = Channel(Int32).new
[1..50, 51..100].each do |range|
  spawn { parts.send(range.sum) }
end
puts parts.receive + parts.receive
