Goal True.
  idtac "Äpfel, 日本 🚀".
Abort.
