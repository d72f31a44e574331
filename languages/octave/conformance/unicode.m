puts(fgets(stdin));
puts("Äpfel, 日本 🚀\n");
