@main def beside() =
  print(java.nio.file.Files.readString(java.nio.file.Path.of("beside.txt")))
