print(readstr("/dev/stdin")[1])
print("Äpfel, 日本 🚀")
