IO.puts("before")
raise "boom"
