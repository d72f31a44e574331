@main def wrong() =
  nosuch()
