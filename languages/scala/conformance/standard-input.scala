@main def lines() =
  for line <- scala.io.Source.stdin.getLines do println(s"[$line]")
