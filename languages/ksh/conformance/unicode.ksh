cat
echo 'Äpfel, 日本 🚀'
