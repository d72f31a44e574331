for line <- IO.stream(), do: IO.puts("[#{String.trim_trailing(line, "\n")}]")
