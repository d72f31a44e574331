IO.write(IO.gets(""))
IO.puts("Äpfel, 日本 🚀")
