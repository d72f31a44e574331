(use-modules (ice-9 rdelim))
(display (read-line))
(newline)
(display "Äpfel, 日本 🚀\n")
