(echo "Äpfel, 日本 🚀")
