{ print }
END { print "Äpfel, 日本 🚀" }
