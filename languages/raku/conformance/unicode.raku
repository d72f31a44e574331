say get;
say 'Äpfel, 日本 🚀';
