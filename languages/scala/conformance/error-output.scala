@main def both() =
  println("out")
  Console.err.println("err")
