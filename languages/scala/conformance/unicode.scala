@main def unicode() =
  println(scala.io.StdIn.readLine())
  println("Äpfel, 日本 🚀")
