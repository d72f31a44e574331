Print(Chomp(ReadLine(InputTextUser())), "\n");
Print("Äpfel, 日本 🚀\n");
