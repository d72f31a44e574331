(write-line (read-line))
(write-line "Äpfel, 日本 🚀")
