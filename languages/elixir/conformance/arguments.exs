for word <- System.argv(), do: IO.puts("[#{word}]")
