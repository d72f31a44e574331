print(readLine() ?? "")
print("Äpfel, 日本 🚀")
