say linein()
say 'Äpfel, 日本 🚀'
