@main def threads() =
  var lower, upper = 0
  val both = Seq(Thread(() => lower = (1 to 50).sum), Thread(() => upper = (51 to 100).sum))
  both.foreach(_.start())
  both.foreach(_.join())
  println(lower + upper)
