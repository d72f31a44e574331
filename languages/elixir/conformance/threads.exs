lower = Task.async(fn -> Enum.sum(1..50) end)
upper = Task.async(fn -> Enum.sum(51..100) end)
IO.puts(Task.await(lower) + Task.await(upper))
