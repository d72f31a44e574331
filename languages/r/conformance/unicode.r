writeLines(readLines(file("stdin"), n = 1))
writeLines("Äpfel, 日本 🚀")
