include(`/dev/stdin')dnl
Äpfel, 日本 🚀
