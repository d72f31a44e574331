read --line line
echo $line
echo 'Äpfel, 日本 🚀'
