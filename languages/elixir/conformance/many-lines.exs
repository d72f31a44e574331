for i <- 1..100_000, do: IO.puts(i)
