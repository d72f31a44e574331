@main def fail() =
  throw RuntimeException("boom")
