@main def lines() =
  for i <- 1 to 100_000 do println(i)
