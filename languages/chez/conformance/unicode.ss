(display (get-line (current-input-port)))
(newline)
(display "Äpfel, 日本 🚀\n")
