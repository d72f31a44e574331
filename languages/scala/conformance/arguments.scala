@main def words(all: String*) =
  for word <- all do println(s"[$word]")
